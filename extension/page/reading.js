/**
 * A listener that a page put on a frame's window before the frame's document was there comes before all of ours, and
 * could read an input at the moment of the pick. So whoever reads a file for the first time, or has a form read it,
 * asks the content script, which may empty the input at that moment.
 */
photoveilPage.reading = (() => {
  const { bridge, natives } = photoveilPage;
  const { apply, getter, isFileInput, mask, method, wrap, wrapGetter } = natives;
  const { construct, defineProperty, getOwnPropertyDescriptor } = Reflect;
  const ownerDocument = getter(Node.prototype, 'ownerDocument');
  const filesOf = getter(HTMLInputElement.prototype, 'files');
  const elementsOf = getter(HTMLFormElement.prototype, 'elements');
  const elementCount = getter(HTMLFormControlsCollection.prototype, 'length');
  const elementAt = method(HTMLCollection.prototype, 'item');

  /** Files the page may have: it was given them, or it made them itself. @type {WeakSet<object>} */
  const passed = new WeakSet();
  const [hasPassed, pass] = [method(WeakSet.prototype, 'has'), method(WeakSet.prototype, 'add')];

  /** @param {any} input */
  function letPass(input) {
    const files = bridge.toArray(filesOf(input));
    for (let at = 0; at < files.length; at++) pass(passed, files[at]);
  }

  /** An input of another frame's document is that frame's to look after. @param {any} input */
  function beforeReading(input) {
    if (!bridge.connected || !isFileInput(input) || ownerDocument(input) !== document) return;
    const files = bridge.toArray(filesOf(input));
    let isNew = false;
    for (let at = 0; at < files.length; at++) isNew ||= !hasPassed(passed, files[at]);
    if (isNew && !bridge.send('picked', undefined, input)) letPass(input);
  }

  /** @param {any} form */
  function beforeReadingForm(form) {
    let elements;
    try {
      elements = elementsOf(form);
    } catch {
      // No form: the native will say so.
      return;
    }
    const count = elementCount(elements);
    for (let at = 0; at < count; at++) beforeReading(elementAt(elements, at));
  }

  for (const name of ['files', 'webkitEntries']) {
    wrapGetter(HTMLInputElement.prototype, name, (native, self, args) => {
      beforeReading(self);
      return apply(native, self, args);
    });
  }

  const files = getOwnPropertyDescriptor(HTMLInputElement.prototype, 'files');
  if (files?.set) {
    const set = mask(files.set, (native, self, args) => {
      apply(native, self, args);
      // What a page puts there, it has already.
      if (isFileInput(self)) letPass(self);
    });
    defineProperty(HTMLInputElement.prototype, 'files', { ...files, set });
  }

  wrap(HTMLFormElement.prototype, 'requestSubmit', (native, self, args) => {
    beforeReadingForm(self);
    return apply(native, self, args);
  });

  const NativeFormData = FormData;
  /** @type {any} */
  const Stand = mask(NativeFormData, (native, self, args) => apply(native, self, args), (args, target) => {
    if (args.length > 0) beforeReadingForm(args[0]);
    return construct(NativeFormData, args, target === Stand ? NativeFormData : target);
  });
  defineProperty(globalThis, 'FormData', { value: Stand, writable: true, enumerable: false, configurable: true });
  defineProperty(NativeFormData.prototype, 'constructor', { value: Stand, writable: true, enumerable: false, configurable: true });

  return { beforeReadingForm };
})();
