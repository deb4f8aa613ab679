import Dropzone from 'dropzone';
import 'dropzone/dist/dropzone.css';

import { UPLOAD, ready } from '../page.js';

Dropzone.autoDiscover = false;
new Dropzone('#zone', { url: UPLOAD, createImageThumbnails: false, parallelUploads: 1 });
void ready();
