import { createElement, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';

import { ready, upload } from '../page.js';

function Form() {
  const [files, setFiles] = useState(/** @type {File[]} */ ([]));
  const [words, setWords] = useState('');
  useEffect(() => void ready(), []);
  /** @param {Event} event */
  const send = async (event) => {
    event.preventDefault();
    await upload(files);
    setFiles([]);
  };
  return createElement('form', { onSubmit: send },
    createElement('input', { value: words, onChange: (event) => setWords(event.target.value) }),
    createElement('input', { id: 'photos', type: 'file', multiple: true, onChange: (event) => setFiles([...event.target.files]) }),
    createElement('ul', null, files.map((file) => createElement('li', { key: file.name }, file.name))),
    createElement('button', { id: 'send', disabled: !files.length }, 'Send'));
}

createRoot(document.getElementById('root')).render(createElement(Form));
