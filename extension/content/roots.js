/**
 * Shadow trees and nodes in nobody's document: what is in them, and what is around a node.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

photoveil.roots ??= (() => {
  const XHTML = 'http://www.w3.org/1999/xhtml';

  /**
   * By its properties, as the classes of this frame say nothing about another frame's input.
   * @param {unknown} node @returns {node is HTMLInputElement}
   */
  function isFileInput(node) {
    const { localName, type } = /** @type {{localName?: unknown, type?: unknown}} */ (node ?? {});
    return localName === 'input' && type === 'file';
  }

  /** The shadow root of an element, open or closed. @param {unknown} node @returns {ShadowRoot | undefined} */
  function rootOf(node) {
    const element = /** @type {HTMLElement & {openOrClosedShadowRoot?: ShadowRoot | null}} */ (node);
    // Only HTML elements have one; Chromium's function takes no others.
    if (element?.nodeType !== Node.ELEMENT_NODE || element.namespaceURI !== XHTML) return undefined;
    if ('openOrClosedShadowRoot' in element) return element.openOrClosedShadowRoot ?? undefined;
    return chrome.dom?.openOrClosedShadowRoot(element) ?? undefined;
  }

  /**
   * The file inputs in the shadow tree of an element, and in those within: an event from a closed tree says only that
   * it comes from there.
   * @param {unknown} host @returns {HTMLInputElement[]}
   */
  function hiddenInputs(host) {
    const root = rootOf(host);
    if (!root) return [];
    return Array.from(root.querySelectorAll('*')).flatMap((node) => (isFileInput(node) ? [node] : hiddenInputs(node)));
  }

  /**
   * The roots of all trees a node is in, from its own outwards, but not the document.
   * @param {Node} node @returns {Node[]}
   */
  function around(node) {
    const root = node.getRootNode();
    if (root.nodeType === Node.DOCUMENT_NODE || root === node) return [];
    const { host } = /** @type {ShadowRoot} */ (root);
    return host ? [root, ...around(host)] : [root];
  }

  return { isFileInput, rootOf, hiddenInputs, around };
})();
