/**
 * Finds out about picks that the content script would not hear of: an input in nobody's document or in a shadow tree
 * fires its events where no listener on the window hears them. So there are listeners on what does, before the page's.
 */
(() => {
  const { bridge, documents, natives, reading } = photoveilPage;
  const { apply, getter, isFileInput, method, wrap } = natives;
  const ownerDocument = getter(Node.prototype, 'ownerDocument');
  const defaultView = getter(Document.prototype, 'defaultView');
  const rootOf = method(Node.prototype, 'getRootNode');
  const eventType = getter(Event.prototype, 'type');
  const inputTypeOf = getter(InputEvent.prototype, 'inputType');
  const pathOf = method(Event.prototype, 'composedPath');
  const stop = method(Event.prototype, 'stopImmediatePropagation');
  const listen = method(EventTarget.prototype, 'addEventListener');

  /** Elements with a shadow tree: events from a closed one say only that. @type {WeakSet<object>} */
  const hosts = new WeakSet();
  const [isHost, addHost] = [method(WeakSet.prototype, 'has'), method(WeakSet.prototype, 'add')];

  /** A listener that is never added. */
  const nothing = () => undefined;
  const past = { __proto__: null, signal: AbortSignal.abort() };

  /** The content script decides and empties the input at once. @param {Event} event */
  function onPick(event) {
    const node = pathOf(event)[0];
    const mayBePick = isFileInput(node) || (isHost(hosts, node) && !isTyping(event));
    if (mayBePick && bridge.send('picked', undefined, node)) stop(event);
  }

  /** @param {Event} event */
  function isTyping(event) {
    try {
      return inputTypeOf(event) !== undefined;
    } catch {
      // A plain event, as a pick fires it.
      return false;
    }
  }

  /** A listener that is there already stays where it is. @param {EventTarget} target */
  function watch(target) {
    listen(target, 'input', onPick, true);
    listen(target, 'change', onPick, true);
  }

  /**
   * Functions of one frame work on another's nodes: then that frame's own hook is told, and first, as this frame may
   * soon be gone.
   * @param {any} node
   */
  function tellItsFrame(node) {
    const home = ownerDocument(node);
    const theirs = home && home !== document && defaultView(home);
    if (theirs) apply(theirs.EventTarget.prototype.addEventListener, node, ['change', nothing, past]);
  }

  /** A file may soon be picked in it. @param {any} input */
  function announce(input) {
    tellItsFrame(input);
    watch(input);
    bridge.send('watch', undefined, input);
  }

  /** A node that the window hears nothing of: in nobody's document or in a shadow tree. @param {any} node */
  function isOutOfSight(node) {
    try {
      const home = ownerDocument(node);
      return home !== null && rootOf(node) !== home;
    } catch {
      // No node at all: a window, a request, a reader.
      return false;
    }
  }

  /** @param {any} event */
  function isClick(event) {
    try {
      return eventType(event) === 'click';
    } catch {
      // The native will say that this is no event.
      return false;
    }
  }

  wrap(HTMLElement.prototype, 'click', (native, self, args) => {
    if (isFileInput(self)) announce(self);
    return apply(native, self, args);
  });

  wrap(HTMLInputElement.prototype, 'showPicker', (native, self, args) => {
    if (isFileInput(self)) announce(self);
    return apply(native, self, args);
  });

  wrap(EventTarget.prototype, 'dispatchEvent', (native, self, args) => {
    if (isClick(args[0]) && isFileInput(self)) announce(self);
    return apply(native, self, args);
  });

  wrap(EventTarget.prototype, 'addEventListener', (native, self, args) => {
    documents.beforeListening();
    if ((args[0] === 'change' || args[0] === 'input') && (isFileInput(self) || isOutOfSight(self))) {
      tellItsFrame(self);
      watch(self);
    }
    return apply(native, self, args);
  });

  wrap(Element.prototype, 'attachShadow', (native, self, args) => {
    const root = apply(native, self, args);
    addHost(hosts, self);
    watch(root);
    return root;
  });

  wrap(HTMLFormElement.prototype, 'submit', (native, self, args) => {
    reading.beforeReadingForm(self);
    // It fires no event: the content script cannot see it, and sends the form itself when the photo is ready.
    if (bridge.send('form-submit', undefined, self)) return undefined;
    return apply(native, self, args);
  });
})();
