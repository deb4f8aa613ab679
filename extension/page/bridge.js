/**
 * The page's end of the bridge to the content script: words (JSON), a node and files go over it, and each message has
 * been dealt with when `send` returns. Everything travels through a node in nobody's document, which the content script
 * hands over before any script of the page runs; so no listener of the page can hear it.
 *
 * A node crosses as a SubmitEvent's `submitter`: unlike `relatedTarget` it is not retargeted, so a node in a closed
 * shadow tree arrives as itself. Files cross in an input nobody sees, as they survive neither JSON nor, in Firefox, a
 * DataTransfer of the other world.
 */
photoveilPage.bridge = (() => {
  const { getter, isShadowRoot, setter, method } = photoveilPage.natives;
  const XHTML = 'http://www.w3.org/1999/xhtml';
  const { parse, stringify } = JSON;
  const [SavedSubmitEvent, SavedMouseEvent, SavedCustomEvent] = [SubmitEvent, MouseEvent, CustomEvent];
  const [SavedDataTransfer, SavedPromise] = [DataTransfer, Promise];
  const dispatch = method(EventTarget.prototype, 'dispatchEvent');
  const listen = method(EventTarget.prototype, 'addEventListener');
  const unlisten = method(EventTarget.prototype, 'removeEventListener');
  const submitter = getter(SubmitEvent.prototype, 'submitter');
  const relatedTarget = getter(MouseEvent.prototype, 'relatedTarget');
  const detail = getter(CustomEvent.prototype, 'detail');
  const rootOf = method(Node.prototype, 'getRootNode');
  const createElementNS = method(Document.prototype, 'createElementNS');
  const setType = setter(HTMLInputElement.prototype, 'type');
  const setMultiple = setter(HTMLInputElement.prototype, 'multiple');
  const filesOf = getter(HTMLInputElement.prototype, 'files');
  const setFiles = setter(HTMLInputElement.prototype, 'files');
  const transferItems = getter(DataTransfer.prototype, 'items');
  const transferFiles = getter(DataTransfer.prototype, 'files');
  const addItem = method(DataTransferItemList.prototype, 'add');
  const fileCount = getter(FileList.prototype, 'length');
  const fileAt = method(FileList.prototype, 'item');

  /** @type {Element | undefined} */
  let port;

  /** @type {Record<string, PageBridgeHandler>} */
  const handlers = Object.create(null);

  /** What came ahead of the message it belongs to. @type {{node: Node | undefined, files: File[]}} */
  let ahead = { node: undefined, files: [] };

  /** What the other side's handler returned, as JSON. @type {string | undefined} */
  let answer;

  /** @type {PageBridge['toArray']} */
  function toArray(list) {
    /** @type {File[]} */
    const files = [];
    const count = list ? fileCount(list) : 0;
    for (let at = 0; at < count; at++) files[at] = fileAt(list, at);
    return files;
  }

  /** @type {PageBridge['toList']} */
  function toList(files) {
    const transfer = new SavedDataTransfer();
    const items = transferItems(transfer);
    for (let at = 0; at < files.length; at++) addItem(items, files[at]);
    return transferFiles(transfer);
  }

  /** @param {string} type @param {string} words */
  function say(type, words) {
    dispatch(port, new SavedCustomEvent(type, /** @type {any} */ ({ __proto__: null, detail: words })));
  }

  /** @param {Node} node */
  function handNode(node) {
    /** @type {Event} */
    let event;
    try {
      event = new SavedSubmitEvent('page-node', /** @type {any} */ ({ __proto__: null, submitter: node }));
    } catch {
      // No HTML element. This way a node in a shadow tree would arrive as its host: then rather none.
      if (isShadowRoot(rootOf(node))) return;
      event = new SavedMouseEvent('page-node', /** @type {any} */ ({ __proto__: null, relatedTarget: node }));
    }
    dispatch(port, event);
  }

  /** @param {File[]} files */
  function handFiles(files) {
    const carrier = createElementNS(document, XHTML, 'input');
    setType(carrier, 'file');
    setMultiple(carrier, true);
    setFiles(carrier, toList(files));
    dispatch(port, new SavedSubmitEvent('page-files', /** @type {any} */ ({ __proto__: null, submitter: carrier })));
  }

  /** @param {Event} event @returns {Node | undefined} */
  function nodeOf(event) {
    try {
      return submitter(event) ?? undefined;
    } catch {
      return relatedTarget(event);
    }
  }

  /** @type {PageBridge['send']} */
  function send(kind, data, node, files) {
    if (!port) return undefined;
    if (node) handNode(node);
    if (files && files.length > 0) handFiles(files);
    answer = undefined;
    say('page', stringify({ __proto__: null, kind, data }));
    const said = /** @type {string | undefined} */ (answer);
    answer = undefined;
    return said === undefined ? undefined : parse(said);
  }

  /** @param {Event} event */
  function onMessage(event) {
    const { kind, data } = parse(detail(event));
    const { node, files } = ahead;
    ahead = { node: undefined, files: [] };
    const result = handlers[kind]?.(data, node, files);
    if (result !== undefined) say('page-answer', stringify(result));
  }

  /** The content script says hello with the node, before any script of the page. @param {Event} event */
  function onHello(event) {
    const node = event instanceof SavedMouseEvent && relatedTarget(event);
    if (!node) return;
    unlisten(document, 'load', onHello);
    port = node;
    listen(node, 'content-node', (/** @type {Event} */ given) => {
      ahead.node = nodeOf(given);
    });
    listen(node, 'content-files', (/** @type {Event} */ given) => {
      ahead.files = toArray(filesOf(submitter(given)));
    });
    listen(node, 'content-answer', (/** @type {Event} */ given) => {
      answer = detail(given);
    });
    listen(node, 'content', onMessage);
  }

  listen(document, 'load', onHello);

  /** Questions without an answer yet. @type {Record<number, (files: File[] | undefined) => void>} */
  const questions = Object.create(null);
  let asked = 0;

  handlers['hello'] = () => true;
  handlers['answer'] = ({ id, given }, _node, files) => {
    const settle = questions[id];
    delete questions[id];
    settle?.(given ? files : undefined);
  };

  return {
    get connected() {
      return port !== undefined;
    },
    send,
    on(kind, handler) {
      handlers[kind] = handler;
    },
    ask(what, data, files) {
      const id = ++asked;
      return new SavedPromise((resolve) => {
        questions[id] = resolve;
        send('ask', { __proto__: null, id, what, data }, null, files);
      });
    },
    toArray,
    toList,
  };
})();
