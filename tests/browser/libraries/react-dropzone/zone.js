import { createElement, useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { useDropzone } from 'react-dropzone';

import { ready, upload } from '../page.js';

/** @param {{useFsAccessApi: boolean}} options */
function Zone({ useFsAccessApi }) {
  const { getRootProps, getInputProps } = useDropzone({ useFsAccessApi, onDrop: (files) => files.length && upload(files) });
  useEffect(() => void ready(), []);
  return createElement('div', getRootProps({ id: 'zone' }),
    createElement('input', getInputProps()),
    createElement('p', null, 'Drop photos here, or click to choose some'));
}

/** @param {{useFsAccessApi: boolean}} options */
export function show(options) {
  createRoot(document.getElementById('root')).render(createElement(Zone, options));
}
