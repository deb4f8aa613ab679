/**
 * The content script's end of the bridge to the scripts in the page's own world (page/bridge.js says how it works).
 *
 * The page's world is the page's: whatever comes over this bridge may have been made up by it. So a message may make us
 * hold more, or name a place that protected files go to; none may release an original.
 */

// Not `??=`: the window also has a property for every element the page gave that name.
if (!Object.hasOwn(globalThis, 'photoveil')) {
  Object.defineProperty(globalThis, 'photoveil', { value: {}, writable: true, configurable: true });
}

photoveil.bridge ??= (() => {
  const XHTML = 'http://www.w3.org/1999/xhtml';

  /** Not `document.createElementNS`: that may be an element of the page by that name. @param {string} name */
  const create = (name) => Document.prototype.createElementNS.call(document, XHTML, name);

  /** Known to both worlds and to no one else; being in no document, its events go nowhere. */
  const port = create('span');

  /** @type {Map<string, BridgeHandler>} */
  const handlers = new Map();

  /** @type {AskHandler[]} */
  const askHandlers = [];

  /** What came ahead of the message it belongs to. @type {{node: Node | undefined, files: File[]}} */
  let ahead = { node: undefined, files: [] };

  /** @type {string | undefined} */
  let answer;

  /** @param {string} type @param {string} words */
  function say(type, words) {
    port.dispatchEvent(new CustomEvent(type, { detail: words }));
  }

  /** @param {Node} node */
  function handNode(node) {
    /** @type {Event} */
    let event;
    try {
      event = new SubmitEvent('content-node', { submitter: /** @type {HTMLElement} */ (node) });
    } catch {
      // No HTML element. This way a node in a shadow tree would arrive as its host: then rather none.
      if (node.getRootNode() instanceof ShadowRoot) return;
      event = new MouseEvent('content-node', { relatedTarget: node });
    }
    port.dispatchEvent(event);
  }

  /** @param {File[]} files */
  function handFiles(files) {
    const transfer = new DataTransfer();
    for (const file of files) transfer.items.add(file);
    const carrier = /** @type {HTMLInputElement} */ (create('input'));
    carrier.type = 'file';
    carrier.multiple = true;
    carrier.files = transfer.files;
    port.dispatchEvent(new SubmitEvent('content-files', { submitter: carrier }));
  }

  /** @type {ContentBridge['send']} */
  function send(kind, data, node, files) {
    if (node) handNode(node);
    if (files && files.length > 0) handFiles(files);
    answer = undefined;
    say('content', JSON.stringify({ kind, data }));
    const said = /** @type {string | undefined} */ (answer);
    answer = undefined;
    return said === undefined ? undefined : JSON.parse(said);
  }

  port.addEventListener('page-node', (event) => {
    const given = /** @type {any} */ (event);
    // It may be another frame's node, to which this frame's classes say nothing.
    const node = event instanceof SubmitEvent ? given.submitter : given.relatedTarget;
    ahead.node = typeof node?.nodeType === 'number' ? node : undefined;
  });

  port.addEventListener('page-files', (event) => {
    const carrier = event instanceof SubmitEvent ? event.submitter : null;
    ahead.files = carrier instanceof HTMLInputElement ? Array.from(carrier.files ?? []) : [];
  });

  port.addEventListener('page-answer', (event) => {
    if (event instanceof CustomEvent) answer = String(event.detail);
  });

  port.addEventListener('page', (event) => {
    if (!(event instanceof CustomEvent)) return;
    const { kind, data } = JSON.parse(String(event.detail));
    const { node, files } = ahead;
    ahead = { node: undefined, files: [] };
    const result = handlers.get(kind)?.(data, node, files);
    if (result !== undefined) say('content-answer', JSON.stringify(result));
  });

  handlers.set('ask', (question, _node, files) => {
    const id = Number(question?.id);
    const settle = (/** @type {File[] | undefined} */ given) => void send('answer', { id, given: given !== undefined }, null, given ?? []);
    for (const handler of askHandlers) {
      const promise = handler(String(question?.what), question?.data, files);
      if (!promise) continue;
      promise.then(settle, () => settle(undefined));
      return;
    }
    settle(undefined);
  });

  // A document's own `load` does not go on to the window: no earlier listener there hears this hello.
  EventTarget.prototype.dispatchEvent.call(document, new MouseEvent('load', { relatedTarget: port }));

  return {
    // The page's scripts have said yes in the hello, or will never.
    connected: send('hello') === true,
    send,
    on(kind, handler) {
      handlers.set(kind, handler);
    },
    onAsk(handler) {
      askHandlers.push(handler);
    },
  };
})();
