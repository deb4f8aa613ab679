import Uppy from '@uppy/core';
import Dashboard from '@uppy/dashboard';
import XHRUpload from '@uppy/xhr-upload';
import '@uppy/core/css/style.css';
import '@uppy/dashboard/css/style.css';

import { UPLOAD, ready } from '../page.js';

new Uppy({ autoProceed: true })
  .use(Dashboard, {
    target: '#uppy',
    inline: true,
    disableThumbnailGenerator: true,
    fileManagerSelectionType: 'both',
    note: 'Photos, please',
  })
  .use(XHRUpload, { endpoint: UPLOAD, fieldName: 'photos', limit: 1 });
void ready();
