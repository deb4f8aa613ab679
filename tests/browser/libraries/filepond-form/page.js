import { create } from 'filepond';
import 'filepond/dist/filepond.css';

import { readyWhenShown } from '../filepond/ready.js';
import { UPLOAD } from '../page.js';

const form = document.querySelector('form');
const send = document.getElementById('send');
form.action = UPLOAD;

/** FilePond writes each file into an input of its own, as a form wants it. */
create(document.querySelector('input'), {
  storeAsFile: true,
  itemInsertLocation: 'after',
  oninit: readyWhenShown,
  onupdatefiles: (items) => { send.disabled = !items.length; },
});
