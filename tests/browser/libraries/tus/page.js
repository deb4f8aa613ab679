import { Upload } from 'tus-js-client';

import { TUS, ready } from '../page.js';

/** @param {File} file */
function send(file) {
  const metadata = { filename: file.name, filetype: file.type };
  return new Promise((resolve, reject) => {
    new Upload(file, { endpoint: TUS, metadata, storeFingerprintForResuming: false, onSuccess: resolve, onError: reject }).start();
  });
}

let last = Promise.resolve();

document.getElementById('photos').addEventListener('change', ({ target }) => {
  for (const file of target.files) last = last.then(() => send(file));
});
void ready();
