import plupload from 'plupload';

import { UPLOAD, ready } from '../page.js';

new plupload.Uploader({
  runtimes: 'html5',
  browse_button: 'browse',
  drop_element: 'zone',
  url: UPLOAD,
  init: {
    PostInit: () => void ready(),
    FilesAdded: (uploader) => uploader.start(),
  },
}).init();
