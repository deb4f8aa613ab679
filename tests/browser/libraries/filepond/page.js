import { create } from 'filepond';
import 'filepond/dist/filepond.css';

import { UPLOAD } from '../page.js';
import { readyWhenShown } from './ready.js';

create(document.querySelector('input'), {
  server: UPLOAD,
  maxParallelUploads: 1,
  allowMinimumUploadDuration: false,
  itemInsertLocation: 'after',
  oninit: readyWhenShown,
});
