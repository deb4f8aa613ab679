/**
 * The kinds of pages. A new kind is a new entry.
 */

/** @typedef {import('./types.js').PageKind} PageKind */

/** @param {string} text */
function attribute(text) {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
}

/** As a string in an inline script. @param {string} text */
function literal(text) {
  return JSON.stringify(text).replaceAll('</', '<\\/');
}

/** The vector's html waits in a template for `place` to put it somewhere. @param {string} inner */
function inTemplate(inner) {
  return `<template id="inner">${inner}</template><div id="host"></div>`;
}

/** Into the empty document of the frame. Runs in the page. @param {any} window */
async function placeInFrame(window) {
  const { document } = window;
  const loaded = (/** @type {(event: unknown) => void} */ resolve) => window.addEventListener('load', resolve, { once: true });
  if (document.readyState !== 'complete') await new Promise(loaded);
  const inside = document.getElementById('frame').contentDocument;
  inside.body.append(inside.importNode(document.getElementById('inner').content, true));
  return inside;
}

/** @type {PageKind[]} */
export const KINDS = [
  { name: 'plain', body: (inner) => inner },
  {
    name: 'open shadow root',
    body: inTemplate,
    place({ document }) {
      const root = document.getElementById('host').attachShadow({ mode: 'open' });
      root.append(document.getElementById('inner').content.cloneNode(true));
      return root;
    },
  },
  {
    name: 'closed shadow root',
    body: inTemplate,
    place({ document }) {
      const root = document.getElementById('host').attachShadow({ mode: 'closed' });
      root.append(document.getElementById('inner').content.cloneNode(true));
      return root;
    },
  },
  {
    name: 'open shadow root in a closed one',
    body: inTemplate,
    place({ document }) {
      const outer = document.getElementById('host').attachShadow({ mode: 'closed' });
      const host = document.createElement('section');
      outer.append(host);
      const root = host.attachShadow({ mode: 'open' });
      root.append(document.getElementById('inner').content.cloneNode(true));
      return root;
    },
  },
  {
    name: 'declarative open shadow root',
    body: (inner) => `<div id="host"><template shadowrootmode="open">${inner}</template></div>`,
    place: ({ document }) => document.getElementById('host').shadowRoot,
  },
  {
    name: 'declarative closed shadow root',
    body: (inner) => `<closed-box id="host"><template shadowrootmode="closed">${inner}</template></closed-box>`,
    place(window) {
      let root;
      window.customElements.define('closed-box', class extends window.HTMLElement {
        constructor() {
          super();
          root = this['attachInternals']().shadowRoot;
        }
      });
      return root;
    },
  },
  {
    name: 'about:blank frame',
    body: (inner) => `${inTemplate(inner)}<iframe id="frame"></iframe>`,
    place: placeInFrame,
  },
  {
    name: 'javascript: frame',
    body: (inner) => `${inTemplate(inner)}<iframe id="frame" src="javascript:void 0"></iframe>`,
    place: placeInFrame,
  },
  {
    name: 'frame whose address answers nothing',
    body: (inner) => `${inTemplate(inner)}<iframe id="frame" src="/nothing"></iframe>`,
    place: placeInFrame,
  },
  {
    name: 'about:blank frame, written and read at once',
    body: (inner) => `<div id="host"></div><script>window.inner = ${literal(inner)};</script>`,
    place({ document, inner }) {
      const frame = document.createElement('iframe');
      document.body.append(frame);
      const inside = frame.contentDocument;
      inside.open();
      inside.write(`<!doctype html><body>${inner}`);
      inside.close();
      return inside;
    },
  },
  { name: 'srcdoc frame', framed: true, body: (_, { document: inner }) => `<iframe srcdoc="${attribute(inner)}"></iframe>` },
  {
    name: 'blob: frame',
    framed: true,
    body: (_, { document: inner }) => '<iframe id="frame"></iframe><script>document.getElementById("frame").src = '
      + `URL.createObjectURL(new Blob([${literal(inner)}], { type: "text/html" }));</script>`,
  },
  {
    name: 'data: frame',
    framed: true,
    body: (_, { document: inner }) => `<iframe src="data:text/html;charset=utf-8,${encodeURIComponent(inner)}"></iframe>`,
  },
  { name: 'object element', framed: true, body: (_, { inner }) => `<object type="text/html" data="${attribute(inner)}"></object>` },
  { name: 'embed element', framed: true, body: (_, { inner }) => `<embed type="text/html" src="${attribute(inner)}">` },
  {
    name: 'frame in a sandboxed frame',
    framed: true,
    body: (_, { inner }) => {
      const style = 'position: fixed; inset: 0; width: 100%; height: 100%; border: 0';
      const around = `<iframe style="${style}" src="${attribute(inner)}"></iframe>`;
      return `<iframe sandbox="allow-scripts allow-forms" srcdoc="${attribute(around)}"></iframe>`;
    },
  },
  {
    name: 'sandboxed frame',
    framed: true,
    body: (_, { inner }) => `<iframe sandbox="allow-scripts allow-forms" src="${attribute(inner)}"></iframe>`,
  },
  {
    name: "another origin's frame",
    framed: true,
    body: (_, { elsewhere }) => `<iframe allow="clipboard-read" src="${attribute(elsewhere)}"></iframe>`,
  },
  {
    name: 'strict content security policy',
    headers: {
      'Content-Security-Policy': "default-src 'none'; script-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; "
        + "style-src 'unsafe-inline'",
    },
    body: (inner) => inner,
  },
  {
    name: 'sandboxed by its policy',
    headers: { 'Content-Security-Policy': 'sandbox allow-scripts allow-forms' },
    body: (inner) => inner,
  },
  {
    name: 'Trusted Types',
    headers: { 'Content-Security-Policy': "require-trusted-types-for 'script'; trusted-types 'none'" },
    body: (inner) => inner,
  },
  {
    name: 'cross-origin isolated',
    headers: { 'Cross-Origin-Embedder-Policy': 'require-corp', 'Cross-Origin-Opener-Policy': 'same-origin' },
    body: (inner) => inner,
  },
];
