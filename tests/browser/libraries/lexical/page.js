import { DRAG_DROP_PASTE, registerRichText } from '@lexical/rich-text';
import { $createParagraphNode, $createTextNode, $getRoot, COMMAND_PRIORITY_LOW, createEditor } from 'lexical';

import { ready, upload } from '../page.js';

/** @param {File[]} files */
function send(files) {
  void upload(files);
  return true;
}

const editor = createEditor({ namespace: 'page', onError: (error) => { throw error; } });
editor.setRootElement(document.getElementById('editor'));
registerRichText(editor);
editor.registerCommand(DRAG_DROP_PASTE, send, COMMAND_PRIORITY_LOW);
editor.update(() => {
  $getRoot().append($createParagraphNode().append($createTextNode('Once upon a time')));
}, { onUpdate: () => void ready() });
