/**
 * Paths within a picked folder: the browser keeps them on the files it made itself; ours get them back here, where the
 * page asks for them and where a form is sent.
 */
(() => {
  const { bridge, natives } = photoveilPage;
  const { apply, getter, isFileInput, method, wrap, wrapGetter } = natives;
  const filesOf = getter(HTMLInputElement.prototype, 'files');
  const formOf = getter(HTMLInputElement.prototype, 'form');
  const formDataOf = getter(FormDataEvent.prototype, 'formData');
  const listen = method(EventTarget.prototype, 'addEventListener');
  const forEach = method(FormData.prototype, 'forEach');
  const remove = method(FormData.prototype, 'delete');
  const append = method(FormData.prototype, 'append');

  /** @type {WeakMap<object, string>} */
  const paths = new WeakMap();
  const [pathOf, setPath] = [method(WeakMap.prototype, 'get'), method(WeakMap.prototype, 'set')];

  /** @typedef {{name: string, value: any}} Entry */

  /** A form's own upload names a file by its path; a form the page reads, too. @param {Event} event */
  function onFormData(event) {
    const data = formDataOf(event);
    /** @type {Entry[]} */
    const entries = [];
    let hasPaths = false;
    forEach(data, (/** @type {any} */ value, /** @type {string} */ name) => {
      entries[entries.length] = { name, value };
      hasPaths ||= pathOf(paths, value) !== undefined;
    });
    if (!hasPaths) return;
    for (let at = 0; at < entries.length; at++) remove(data, entries[at]?.name);
    for (let at = 0; at < entries.length; at++) {
      const { name, value } = /** @type {Entry} */ (entries[at]);
      const path = pathOf(paths, value);
      if (path === undefined) append(data, name, value);
      else append(data, name, value, path);
    }
  }

  bridge.on('paths', (list, input) => {
    if (!isFileInput(input)) return;
    const files = bridge.toArray(filesOf(input));
    for (let at = 0; at < files.length; at++) if (list[at]) setPath(paths, files[at], list[at]);
    const form = formOf(input);
    if (form) listen(form, 'formdata', onFormData, true);
  });

  wrapGetter(File.prototype, 'webkitRelativePath', (native, self, args) => apply(native, self, args) || (pathOf(paths, self) ?? ''));

  for (const name of ['append', 'set']) {
    wrap(FormData.prototype, name, (native, self, args) => {
      const path = args.length === 2 ? pathOf(paths, args[1]) : undefined;
      return apply(native, self, path === undefined ? args : [args[0], args[1], path]);
    });
  }
})();
