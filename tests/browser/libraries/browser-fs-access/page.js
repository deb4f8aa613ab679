import { directoryOpen, fileOpen } from 'browser-fs-access';

import { ready, upload } from '../page.js';

document.getElementById('open').addEventListener('click', async () => upload(await fileOpen({ multiple: true })));
document.getElementById('folder').addEventListener('click', async () => upload(await directoryOpen({ recursive: true })));
void ready();
