/**
 * Files behind handles, from the dialogs of the File System Access API.
 */
/* global window -- `wire` runs in the page */
import { ALBUM, BUTTON, chooseFolderInPicker, chooseInPicker, inFolder } from './actions.mjs';

/** @typedef {import('../types.js').Vector} Vector */

/** @type {Vector[]} */
export const PICKERS = [
  {
    name: 'showOpenFilePicker()',
    window: true,
    html: BUTTON,
    wire(root, page) {
      root.getElementById('button').onclick = () => page.attempt(async () => {
        const [handle] = await /** @type {any} */ (window).showOpenFilePicker();
        page.upload([await handle.getFile()]);
      });
    },
    act: chooseInPicker,
  },
  {
    name: 'showOpenFilePicker() sent to a worker',
    window: true,
    html: BUTTON,
    wire(root, page) {
      const script = `onmessage = async ({ data: [handle, address] }) => {
        const form = new FormData();
        form.append('photo', await handle.getFile());
        await fetch(address, { method: 'POST', body: form });
      };`;
      const worker = new window.Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })));
      root.getElementById('button').onclick = () => page.attempt(async () => {
        const [handle] = await /** @type {any} */ (window).showOpenFilePicker();
        worker.postMessage([handle, `${page.origin}/upload${page.query}`]);
      });
    },
    act: chooseInPicker,
  },
  {
    name: 'showDirectoryPicker()',
    window: true,
    folder: true,
    samples: ALBUM,
    html: BUTTON,
    wire(root, page) {
      root.getElementById('button').onclick = () => page.attempt(async () => {
        const folder = await /** @type {any} */ (window).showDirectoryPicker();
        const names = [];
        for await (const name of folder.keys()) names.push(name);
        names.sort();
        const files = await Promise.all(names.map(async (name) => (await folder.getFileHandle(name)).getFile()));
        page.upload(files, names.map((name) => `${folder.name}/${name}`));
      });
    },
    act: chooseFolderInPicker,
    names: inFolder,
  },
];
