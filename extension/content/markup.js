/**
 * Markup from a clipboard is a stranger's. Only what plain writing is made of is kept, rebuilt in a document that runs
 * and loads nothing. (`Element.setHTML` would say the same in one line, but called from a content script of Chromium 156
 * it ran an `onerror`.)
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

photoveil.markup ??= (() => {
  const KEPT = new Set((
    'a abbr b blockquote br caption cite code col colgroup dd del dfn div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li '
    + 'mark ol p pre q s samp small span strong sub sup table tbody td tfoot th thead tr u ul var wbr'
  ).split(' '));

  /** Their text is none that anybody wrote for reading. */
  const DROPPED = new Set(['head', 'iframe', 'math', 'noscript', 'object', 'script', 'style', 'svg', 'template', 'textarea', 'title']);

  const ATTRIBUTES = ['alt', 'title', 'width', 'height', 'colspan', 'rowspan', 'start', 'lang', 'dir'];

  /** @type {Record<string, RegExp>} */
  const ADDRESSES = { href: /^(https?:|mailto:|#)/i, src: /^(https?:|data:image\/(png|jpeg|gif|webp|avif);)/i };

  /** @param {Element} from @param {Element} to */
  function copyAttributes(from, to) {
    for (const name of ATTRIBUTES) if (from.hasAttribute(name)) to.setAttribute(name, from.getAttribute(name) ?? '');
    for (const [name, allowed] of Object.entries(ADDRESSES)) {
      const address = from.getAttribute(name)?.trim() ?? '';
      if (allowed.test(address)) to.setAttribute(name, address);
    }
  }

  /** @param {Node} from @param {Element} to its content goes here @param {Document} inert */
  function copyChildren(from, to, inert) {
    for (const child of from.childNodes) {
      if (child instanceof Text) to.append(child.data);
      if (!(child instanceof Element) || DROPPED.has(child.localName)) continue;
      // What is unknown is left out, but not what is in it.
      const into = KEPT.has(child.localName) ? inert.createElement(child.localName) : to;
      if (into !== to) {
        copyAttributes(child, into);
        to.append(into);
      }
      copyChildren(child, into, inert);
    }
  }

  return {
    harmless(html) {
      const strange = new DOMParser().parseFromString(html, 'text/html');
      const inert = document.implementation.createHTMLDocument();
      copyChildren(strange.body, inert.body, inert);
      return inert.body.getHTML();
    },
  };
})();
