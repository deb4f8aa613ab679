import { Editor } from '@tiptap/core';
import Document from '@tiptap/extension-document';
import FileHandler from '@tiptap/extension-file-handler';
import Image from '@tiptap/extension-image';
import Paragraph from '@tiptap/extension-paragraph';
import Text from '@tiptap/extension-text';

import { ready, upload } from '../page.js';

/** @param {Editor} editor @param {File[]} files @param {number} at */
async function insert(editor, files, at) {
  const answer = await upload(files);
  const { url } = await answer.json();
  editor.chain().insertContentAt(at, { type: 'image', attrs: { src: url } }).focus().run();
}

const onDrop = (editor, files, at) => void insert(editor, files, at);
const onPaste = (editor, files) => void insert(editor, files, editor.state.selection.anchor);

new Editor({
  element: document.getElementById('editor'),
  extensions: [Document, Paragraph, Text, Image, FileHandler.configure({ onDrop, onPaste })],
  content: '<p>Once upon a time</p>',
});
void ready();
