/**
 * Files dragged from the system and dropped on a page.
 */
/* global document, window -- `wire` runs in the page */
import assert from 'node:assert/strict';

import { ALBUM, INPUT, SEVERAL, WORDS, ZONE, drop, dropFolder, inFolder } from './actions.mjs';

/** @typedef {import('../types.js').Vector} Vector */

/** @type {Vector[]} */
export const DROPS = [
  {
    name: 'drop file',
    everywhere: true,
    html: ZONE,
    wire(root, page) {
      const zone = root.getElementById('zone');
      zone.addEventListener('dragover', (/** @type {DragEvent} */ event) => event.preventDefault());
      zone.addEventListener('drop', (/** @type {any} */ event) => {
        event.preventDefault();
        page.upload(event.dataTransfer.files);
      });
    },
    act: drop,
  },
  {
    name: 'drop several',
    samples: SEVERAL,
    html: ZONE,
    wire(root, page) {
      const zone = root.getElementById('zone');
      zone.ondragover = (/** @type {DragEvent} */ event) => event.preventDefault();
      zone.ondrop = (/** @type {any} */ event) => {
        event.preventDefault();
        page.upload(Array.from(event.dataTransfer.items, (item) => item.getAsFile()));
      };
    },
    act: drop,
  },
  {
    name: 'drop with words on the document',
    html: ZONE,
    wire(root, page) {
      window.addEventListener('dragover', (event) => event.preventDefault());
      window.addEventListener('drop', (/** @type {any} */ event) => {
        event.preventDefault();
        const { dataTransfer, clientX, clientY } = event;
        const { types, files } = dataTransfer;
        const onZone = event.composedPath()[0] === root.getElementById('zone');
        page.say({ plain: dataTransfer.getData('text/plain'), types: [...types], x: clientX, y: clientY, onZone });
        page.upload(files);
      });
    },
    act: ({ user, first, samples }) => user.drop(first, samples.map(({ path }) => path), WORDS),
    said([seen], browser) {
      // Firefox on Linux gives a page no words that come with files.
      if (browser === 'chromium') assert.equal(seen?.['plain'], WORDS.plain);
      assert.deepEqual([seen?.['x'], seen?.['y'], seen?.['onZone']], [150, 50, true]);
      const types = /** @type {string[]} */ (seen?.['types']);
      assert.ok(types.includes('Files') && types.includes('text/plain') === (browser === 'chromium'), String(types));
    },
  },
  {
    name: 'drop read as entries',
    everywhere: true,
    samples: ALBUM,
    html: ZONE,
    wire(root, page) {
      root.getElementById('zone').addEventListener('dragover', (/** @type {DragEvent} */ event) => event.preventDefault());
      root.getElementById('zone').addEventListener('drop', (/** @type {any} */ event) => {
        event.preventDefault();
        const entries = Array.from(event.dataTransfer.items, (item) => item.webkitGetAsEntry());
        page.attempt(async () => {
          const files = [];
          for (const entry of entries) files.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
          await page.upload(files);
        });
      });
    },
    act: drop,
  },
  {
    name: 'drop folder',
    everywhere: true,
    folder: true,
    samples: ALBUM,
    html: ZONE,
    wire(root, page) {
      root.getElementById('zone').addEventListener('dragover', (/** @type {DragEvent} */ event) => event.preventDefault());
      root.getElementById('zone').addEventListener('drop', (/** @type {any} */ event) => {
        event.preventDefault();
        const folder = event.dataTransfer.items[0].webkitGetAsEntry();
        page.attempt(async () => {
          const reader = folder.createReader();
          const entries = [];
          for (;;) {
            const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
            if (some.length === 0) break;
            entries.push(...some);
          }
          const files = await Promise.all(entries.map((entry) => new Promise((resolve, reject) => entry.file(resolve, reject))));
          await page.upload(files, entries.map((entry) => entry.fullPath.slice(1)));
        });
      });
    },
    act: dropFolder,
    names: inFolder,
  },
  {
    name: 'drop read as a handle',
    everywhere: true,
    html: ZONE,
    wire(root, page) {
      root.getElementById('zone').addEventListener('dragover', (/** @type {DragEvent} */ event) => event.preventDefault());
      root.getElementById('zone').addEventListener('drop', (/** @type {any} */ event) => {
        event.preventDefault();
        const [item] = event.dataTransfer.items;
        page.attempt(async () => page.upload([await (await item.getAsFileSystemHandle()).getFile()]));
      });
    },
    act: drop,
  },
  {
    name: 'drop heard on the window of a frame before it loads',
    html: '<iframe id="frame" class="first"></iframe>',
    async wire(root, page) {
      const frame = Object.assign(document.createElement('iframe'), { className: 'first', src: `${page.origin}/field` });
      root.getElementById('frame').replaceWith(frame);
      const loaded = new Promise((resolve) => frame.addEventListener('load', resolve));
      let isHeard = false;
      const hear = (/** @type {any} */ event) => {
        if (isHeard || !event.dataTransfer.files.length) return;
        isHeard = true;
        page.upload(event.dataTransfer.files);
      };
      /** @type {Window} */ (frame.contentWindow).addEventListener('drop', hear, true);
      await loaded;
      // The same window or a new one: browsers differ.
      /** @type {Window} */ (frame.contentWindow).document.addEventListener('drop', hear);
    },
    act: drop,
  },
  {
    name: 'drop handle sent to a worker',
    html: ZONE,
    wire(root, page) {
      const script = `onmessage = async ({ data: [handle, address] }) => {
        const form = new FormData();
        form.append('photo', await handle.getFile());
        await fetch(address, { method: 'POST', body: form });
      };`;
      const worker = new window.Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })));
      root.getElementById('zone').addEventListener('dragover', (/** @type {DragEvent} */ event) => event.preventDefault());
      root.getElementById('zone').addEventListener('drop', (/** @type {any} */ event) => {
        event.preventDefault();
        const [item] = event.dataTransfer.items;
        page.attempt(async () => worker.postMessage([await item.getAsFileSystemHandle(), `${page.origin}/upload${page.query}`]));
      });
    },
    act: drop,
  },
  {
    name: 'drop folder read as a handle',
    folder: true,
    samples: ALBUM,
    html: ZONE,
    wire(root, page) {
      root.getElementById('zone').addEventListener('dragover', (/** @type {DragEvent} */ event) => event.preventDefault());
      root.getElementById('zone').addEventListener('drop', (/** @type {any} */ event) => {
        event.preventDefault();
        const [item] = event.dataTransfer.items;
        page.attempt(async () => {
          const folder = await item.getAsFileSystemHandle();
          const found = [];
          for await (const handle of folder.values()) found.push(handle);
          found.sort((a, b) => (a.name < b.name ? -1 : 1));
          const files = await Promise.all(found.map((handle) => handle.getFile()));
          page.upload(files, found.map((handle) => `${folder.name}/${handle.name}`));
        });
      });
    },
    act: dropFolder,
    names: inFolder,
  },
  {
    name: 'drop on an input',
    everywhere: true,
    html: INPUT,
    wire(root, page) {
      root.getElementById('input').addEventListener('change', (/** @type {any} */ event) => page.upload(event.target.files));
    },
    act: drop,
  },
  {
    name: 'drop put into an input by the page',
    html: `${ZONE}<input type="file" class="second" id="input">`,
    wire(root, page) {
      const zone = root.getElementById('zone');
      const input = root.getElementById('input');
      zone.ondragover = (/** @type {DragEvent} */ event) => event.preventDefault();
      zone.ondrop = (/** @type {any} */ event) => {
        event.preventDefault();
        input.files = event.dataTransfer.files;
        page.upload(input.files);
      };
    },
    act: drop,
  },
];
