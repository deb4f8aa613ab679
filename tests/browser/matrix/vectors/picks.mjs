/**
 * Files chosen in the dialog of an input.
 */
/* global document, window, FileReader -- `early` and `wire` run in the page */
import { ALBUM, BUTTON, INPUT, NAMED_INPUT, SEVERAL, choose, chooseFolder, inFolder } from './actions.mjs';

/** @typedef {import('../types.js').Vector} Vector */

/** @type {Vector[]} */
export const PICKS = [
  {
    name: 'pick',
    everywhere: true,
    html: INPUT,
    wire(root, page) {
      root.getElementById('input').addEventListener('change', (/** @type {any} */ { target }) => page.upload(target.files));
    },
    act: choose,
  },
  {
    name: 'pick several',
    everywhere: true,
    samples: SEVERAL,
    html: '<input type="file" multiple class="first" id="input">',
    wire(root, page) {
      root.getElementById('input').onchange = (/** @type {any} */ { target }) => page.upload(target.files);
    },
    act: choose,
  },
  {
    name: 'pick in a label',
    html: '<label class="first">Photos <input type="file" class="gone" id="input"></label>',
    wire(root, page) {
      root.getElementById('input').addEventListener('change', (/** @type {any} */ { target }) => page.upload(target.files));
    },
    act: choose,
  },
  {
    name: 'pick in a hidden input',
    everywhere: true,
    html: `${BUTTON}<input type="file" hidden id="input">`,
    wire(root, page) {
      const input = root.getElementById('input');
      root.getElementById('button').onclick = () => input.click();
      input.addEventListener('change', () => page.upload(input.files));
    },
    act: choose,
  },
  {
    name: 'pick in a detached input',
    everywhere: true,
    html: BUTTON,
    wire(root, page) {
      root.getElementById('button').onclick = () => {
        const input = root.getElementById('button').ownerDocument.createElement('input');
        input.type = 'file';
        input.onchange = () => page.upload(input.files);
        input.click();
      };
    },
    act: choose,
  },
  {
    name: 'pick in an input removed meanwhile',
    html: BUTTON,
    wire(root, page) {
      const button = root.getElementById('button');
      button.addEventListener('click', () => {
        const input = Object.assign(button.ownerDocument.createElement('input'), { type: 'file' });
        button.after(input);
        input.addEventListener('input', () => page.upload(input.files));
        input.click();
        input.remove();
      });
    },
    act: choose,
  },
  {
    name: 'pick in an input made anew each time',
    html: BUTTON,
    wire(root, page) {
      const button = root.getElementById('button');
      /** @type {any} */
      let input;
      const renew = () => {
        input?.remove();
        input = Object.assign(button.ownerDocument.createElement('input'), { type: 'file', style: 'visibility: hidden' });
        input.addEventListener('change', (/** @type {any} */ { target }) => {
          page.upload(target.files);
          renew();
        });
        button.ownerDocument.body.append(input);
      };
      renew();
      button.addEventListener('click', () => input.click());
    },
    act: choose,
  },
  {
    name: 'pick in an input inside a detached element',
    html: BUTTON,
    wire(root, page) {
      /** @type {any} */
      const wrapper = document.createElement('div');
      wrapper.append(Object.assign(document.createElement('input'), { type: 'file' }));
      wrapper.addEventListener('change', (/** @type {any} */ { target }) => page.upload(target.files));
      root.getElementById('button').onclick = () => wrapper.firstElementChild.click();
    },
    act: choose,
  },
  {
    name: "pick in another frame's input",
    html: `${BUTTON}<iframe id="other" class="gone"></iframe>`,
    wire(root, page) {
      root.getElementById('button').onclick = () => {
        const input = root.getElementById('other').contentDocument.createElement('input');
        input.type = 'file';
        input.addEventListener('change', () => page.upload(input.files));
        input.click();
      };
    },
    act: choose,
  },
  {
    name: 'showPicker()',
    everywhere: true,
    html: `${BUTTON}<input type="file" class="gone" id="input">`,
    wire(root, page) {
      const input = root.getElementById('input');
      root.getElementById('button').onclick = () => page.attempt(() => input.showPicker());
      input.addEventListener('change', () => page.upload(input.files));
    },
    act: choose,
  },
  {
    name: 'showPicker() of a detached input',
    html: BUTTON,
    wire(root, page) {
      root.getElementById('button').onclick = () => {
        const input = Object.assign(document.createElement('input'), { type: 'file' });
        input.addEventListener('change', () => page.upload(input.files));
        return page.attempt(() => input.showPicker());
      };
    },
    act: choose,
  },
  {
    name: 'dispatched click',
    html: BUTTON,
    wire(root, page) {
      root.getElementById('button').onclick = () => {
        const input = Object.assign(document.createElement('input'), { type: 'file' });
        input.addEventListener('change', () => page.upload(input.files));
        input.dispatchEvent(new window.MouseEvent('click', { bubbles: true, cancelable: true }));
      };
    },
    act: choose,
  },
  {
    name: 'pick heard early on the window',
    everywhere: true,
    // From there a page cannot see them at all.
    except: ['closed shadow root', 'open shadow root in a closed one', 'declarative closed shadow root', 'about:blank frame',
      'about:blank frame, written and read at once', 'javascript: frame', 'frame whose address answers nothing'],
    html: INPUT,
    early(page) {
      let isDone = false;
      for (const type of ['input', 'change', 'focus', 'blur', 'beforeinput', 'cancel']) {
        window.addEventListener(type, (/** @type {any} */ event) => {
          const [target] = event.composedPath();
          if (isDone || !target.files?.length) return;
          isDone = true;
          page.upload(target.files);
        }, true);
      }
    },
    wire() {},
    act: choose,
  },
  {
    name: 'pick read all the time',
    html: INPUT,
    wire(root, page) {
      const input = root.getElementById('input');
      const channel = new window.MessageChannel();
      /** @type {Set<string>} */
      const seen = new Set();
      let rounds = 0;
      const read = () => {
        const [file] = input.files;
        const found = file && `${file.size} ${file.lastModified}`;
        if (file && !seen.has(found)) {
          seen.add(found);
          page.upload([file]);
        }
        if (rounds++ < 2_000_000) channel.port2.postMessage(0);
      };
      channel.port1.onmessage = read;
      read();
    },
    act: choose,
  },
  {
    name: 'pick heard by an attribute',
    html: `${BUTTON}<template id="made"><input type="file" onchange="this.report(this.files)"></template>`,
    wire(root, page) {
      root.getElementById('button').onclick = () => {
        const input = document.importNode(root.getElementById('made').content.firstElementChild);
        input.report = page.upload;
        input.click();
      };
    },
    act: choose,
  },
  {
    name: 'pick in an input moved to another frame meanwhile',
    html: `${BUTTON}<iframe id="other" class="gone"></iframe>`,
    wire(root, page) {
      root.getElementById('button').onclick = () => {
        const input = Object.assign(document.createElement('input'), { type: 'file' });
        input.addEventListener('change', () => page.upload(input.files));
        root.getElementById('button').after(input);
        input.click();
        root.getElementById('other').contentDocument.body.append(input);
      };
    },
    act: choose,
  },
  {
    name: 'pick heard on the window of a new empty frame',
    html: '<iframe id="frame" class="first"></iframe>',
    wire(root, page) {
      const frame = Object.assign(document.createElement('iframe'), { className: 'first' });
      root.getElementById('frame').replaceWith(frame);
      const inside = /** @type {Window} */ (frame.contentWindow);
      inside.addEventListener('input', (/** @type {any} */ { target }) => page.upload(target.files), true);
      const input = inside.document.createElement('input');
      input.type = 'file';
      input.style.cssText = 'position: fixed; inset: 0; width: 100%; height: 100%';
      inside.document.body.append(input);
    },
    act: choose,
  },
  {
    name: 'pick heard on the window of a frame before it loads',
    html: '<iframe id="frame" class="first"></iframe>',
    async wire(root, page) {
      const frame = Object.assign(document.createElement('iframe'), { className: 'first' });
      frame.src = `${page.origin}/input`;
      root.getElementById('frame').replaceWith(frame);
      const inside = /** @type {Window} */ (frame.contentWindow);
      const loaded = new Promise((resolve) => frame.addEventListener('load', resolve));
      let isHeard = false;
      const hear = (/** @type {any} */ event) => {
        if (isHeard || !event.target.files?.length) return;
        isHeard = true;
        page.upload(event.target.files);
      };
      for (const type of ['input', 'change']) inside.addEventListener(type, hear, true);
      await loaded;
      // The same window or a new one: browsers differ.
      /** @type {Window} */ (frame.contentWindow).document.addEventListener('change', hear);
    },
    act: choose,
  },
  {
    name: 'pick again meanwhile',
    samples: ['photo', 'photo'],
    workMs: 700,
    html: INPUT,
    wire(root, page) {
      root.getElementById('input').addEventListener('change', (/** @type {any} */ { target }) => page.upload(target.files));
    },
    async act({ user, first, samples }) {
      for (const { path } of samples) await user.choose(first, [path]);
    },
  },
  {
    name: 'pick read by FormData',
    html: `<form id="form">${NAMED_INPUT}</form>`,
    wire(root, page) {
      const form = root.getElementById('form');
      root.getElementById('input').addEventListener('change', () => page.upload(new FormData(form).getAll('photo')));
    },
    act: choose,
  },
  {
    name: 'pick read by FileReader',
    html: INPUT,
    wire(root, page) {
      root.getElementById('input').addEventListener('change', (/** @type {any} */ { target: { files: [file] } }) => {
        const reader = new FileReader();
        reader.onload = () => page.upload([new window.File([/** @type {ArrayBuffer} */ (reader.result)], file.name, { type: file.type })]);
        reader.readAsArrayBuffer(file);
      });
    },
    act: choose,
  },
  {
    name: 'pick a folder',
    folder: true,
    everywhere: true,
    samples: ALBUM,
    html: '<input type="file" webkitdirectory class="first" id="input">',
    wire(root, page) {
      root.getElementById('input').addEventListener('change', (/** @type {any} */ { target }) => {
        page.upload(target.files, Array.from(target.files, (file) => file.webkitRelativePath));
      });
    },
    act: chooseFolder,
    names: inFolder,
  },
];
