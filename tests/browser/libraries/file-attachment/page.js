import '@github/file-attachment-element';

import { ready, upload } from '../page.js';

document.addEventListener('file-attachment-accepted', ({ detail }) => void upload(detail.attachments.map(({ file }) => file)));
void ready();
