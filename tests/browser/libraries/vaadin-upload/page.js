import '@vaadin/upload';

import { UPLOAD, ready } from '../page.js';

const element = document.querySelector('vaadin-upload');
element.target = UPLOAD;
element.maxConcurrentUploads = 1;
element.uploadFormat = 'multipart';
void element.updateComplete.then(ready);
