import Upload from '@rc-component/upload';
import { createElement, useEffect } from 'react';
import { createRoot } from 'react-dom/client';

import { ready, upload } from '../page.js';

function customRequest({ file, onSuccess }) {
  void upload([file]).then(onSuccess);
}

function Page() {
  useEffect(() => void ready(), []);
  return createElement(Upload, { id: 'photos', multiple: true, pastable: true, customRequest },
    createElement('p', { id: 'zone' }, 'Click here, or drop photos'));
}

createRoot(document.getElementById('root')).render(createElement(Page));
