/**
 * Files the page reads when it likes, through the handles of the browser's file dialogs. Handles promise a file anyway;
 * for a photo the promise is kept later, with the protected copy.
 *
 * A photo's handle is given to the page veiled, as a Proxy: it does all a handle does, but no browser copies it to a
 * worker or a database, where the original could be read out of sight.
 */
(() => {
  const [anyHandle, fileHandle, folderHandle] = ['FileSystemHandle', 'FileSystemFileHandle', 'FileSystemDirectoryHandle'].map(
    (name) => Reflect.get(globalThis, name)?.prototype,
  );
  // Only secure pages have them.
  if (!folderHandle) return;

  const { bridge, natives } = photoveilPage;
  const { apply, getter, method, then, wrap } = natives;
  const [SavedPromise, SavedProxy, SavedDOMException, SavedTypeError] = [Promise, Proxy, DOMException, TypeError];
  const { get: getProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;
  const { toString } = Function.prototype;
  const NATIVE_NEXT = 'function next() { [native code] }';
  const asyncIterator = [1, 2, 3].reduce((object) => getPrototypeOf(object), /** @type {any} */ ((async function* () {})()));
  const find = method(WeakMap.prototype, 'get');
  const remember = method(WeakMap.prototype, 'set');
  const forget = method(WeakMap.prototype, 'delete');
  const blobType = getter(Blob.prototype, 'type');

  /**
   * @param {Promise<any>} promise
   * @param {(value: any, resolve: (value: any) => void, reject: (reason: any) => void) => void} next
   */
  function afterwards(promise, next) {
    return new SavedPromise((resolve, reject) => then(promise, (value) => next(value, resolve, reject), reject));
  }

  const { storage } = navigator;
  const getOwnRoot = method(StorageManager.prototype, 'getDirectory');
  const pathInside = method(folderHandle, 'resolve');
  const getFile = method(fileHandle, 'getFile');
  const kindOf = getter(anyHandle, 'kind');
  const nameOf = getter(anyHandle, 'name');
  const fileName = getter(File.prototype, 'name');
  const fileSize = getter(Blob.prototype, 'size');
  const fileTime = getter(File.prototype, 'lastModified');

  /** @type {WeakMap<object, any>} */
  const veils = new WeakMap();
  /** @type {WeakMap<object, any>} */
  const reals = new WeakMap();

  /** @param {any} thing */
  function unveiled(thing) {
    return find(reals, thing) ?? thing;
  }

  /** @param {any} handle */
  function veiled(handle) {
    const old = find(veils, handle);
    if (old) return old;
    const veil = new SavedProxy(handle, /** @type {any} */ ({
      __proto__: null,
      get(/** @type {any} */ target, /** @type {PropertyKey} */ name, /** @type {any} */ receiver) {
        if (name === 'kind') return kindOf(target);
        return name === 'name' ? nameOf(target) : getProperty(target, name, receiver);
      },
    }));
    remember(veils, handle, veil);
    remember(reals, veil, handle);
    return veil;
  }

  /** Would a file like this be held here? The content script knows. @param {string} name @param {string} type @returns {boolean} */
  function isHeld(name, type) {
    return bridge.send('holds', { __proto__: null, name, type }) === true;
  }

  /**
   * Tells whether the handle leads into the page's own storage, where only the page puts files.
   * @param {any} handle @param {(isOwn: boolean) => void} tell
   */
  function whenKnownAsOwn(handle, tell) {
    const no = () => tell(false);
    if (!storage) no();
    else then(getOwnRoot(storage), (root) => then(pathInside(root, handle), (path) => tell(path !== null), no), no);
  }

  /**
   * What the page got for a handle, as long as the file stays the same.
   * @type {WeakMap<object, {stamp: string, safe: Promise<File[] | undefined>}>}
   */
  const given = new WeakMap();

  /** @param {any} handle @param {File} file @param {(file: File) => void} resolve @param {(reason: any) => void} reject */
  function protect(handle, file, resolve, reject) {
    const stamp = `${fileSize(file)} ${fileTime(file)}`;
    const old = find(given, handle);
    const safe = old?.stamp === stamp ? old.safe : bridge.ask('read', undefined, [file]);
    remember(given, handle, { __proto__: null, stamp, safe });
    then(safe, (files) => {
      if (files?.[0]) {
        resolve(files[0]);
        return;
      }
      forget(given, handle);
      reject(new SavedDOMException('The user aborted a request.', 'AbortError'));
    }, reject);
  }

  wrap(fileHandle, 'getFile', (native, self, args) => {
    const handle = unveiled(self);
    if (!bridge.connected) return apply(native, handle, args);
    return afterwards(apply(native, handle, args), (file, resolve, reject) => {
      whenKnownAsOwn(handle, (isOwn) => {
        if (isOwn) resolve(file);
        else protect(handle, file, resolve, reject);
      });
    });
  });

  // --- what else handles can do: through a veil as without ------------------------------------------------------------

  /** @param {any[]} args */
  function unveiledAll(args) {
    const plain = [];
    for (let at = 0; at < args.length; at++) plain[at] = unveiled(args[at]);
    return plain;
  }

  /** By index: a page may have replaced what takes arrays apart. @param {[string, any]} entry */
  function veiledPair(entry) {
    return [entry[0], veiled(entry[1])];
  }

  /** The handles found in a veiled folder are veiled. @param {any} native the browser's iterator @param {(value: any) => any} veilIn */
  function veiledIterator(native, veilIn) {
    const prototype = getPrototypeOf(native);
    const next = prototype && getOwnPropertyDescriptor(prototype, 'next')?.value;
    // There is none to save before the first folder: it must still be the browser's, as the real handles go through it.
    if (apply(toString, next, []) !== NATIVE_NEXT) throw new SavedTypeError('Illegal invocation');
    return {
      __proto__: asyncIterator,
      next: () => afterwards(apply(next, native, []), ({ done, value }, resolve) => resolve({ done, value: done ? value : veilIn(value) })),
      return: (/** @type {any} */ value) => SavedPromise.resolve({ done: true, value }),
    };
  }

  /** @type {Record<PropertyKey, (result: any) => any>} what becomes of a method's result when its folder is veiled */
  const veiledResults = {
    values: (result) => veiledIterator(result, veiled),
    entries: (result) => veiledIterator(result, veiledPair),
    [Symbol.asyncIterator]: (result) => veiledIterator(result, veiledPair),
    getFileHandle: (result) => afterwards(result, (handle, resolve) => resolve(veiled(handle))),
    getDirectoryHandle: (result) => afterwards(result, (handle, resolve) => resolve(veiled(handle))),
  };

  for (const prototype of [anyHandle, fileHandle, folderHandle]) {
    for (const name of ownKeys(prototype)) {
      if (name === 'constructor' || name === 'getFile' || typeof getOwnPropertyDescriptor(prototype, name)?.value !== 'function') continue;
      const veilIn = veiledResults[name];
      wrap(prototype, name, (native, self, args) => {
        const handle = unveiled(self);
        const result = apply(native, handle, unveiledAll(args));
        return veilIn && handle !== self ? veilIn(result) : result;
      });
    }
  }

  /** The browser's dialogs can start where a handle leads. @param {any[]} args */
  function unveiledStart(args) {
    const options = args[0];
    const real = options && find(reals, options.startIn);
    return real ? [{ ...options, startIn: real }] : args;
  }

  // --- the browser's file dialogs ------------------------------------------------------------------------------------------

  /** Veil those that may be photos. @param {any[]} handles @param {(handles: any[]) => void} resolve */
  function veilPhotos(handles, resolve) {
    /** @type {any[]} */
    const result = [];
    let left = handles.length;
    const put = (/** @type {number} */ at, /** @type {any} */ handle) => {
      result[at] = handle;
      left -= 1;
      if (left === 0) resolve(result);
    };
    if (left === 0) resolve(result);
    for (let at = 0; at < handles.length; at++) {
      const handle = handles[at];
      then(getFile(handle), (file) => put(at, isHeld(fileName(file), blobType(file)) ? veiled(handle) : handle), () => put(at, handle));
    }
  }

  wrap(globalThis, 'showOpenFilePicker', (native, self, args) => {
    bridge.send('picker');
    return afterwards(apply(native, self, unveiledStart(args)), veilPhotos);
  });

  wrap(globalThis, 'showSaveFilePicker', (native, self, args) => apply(native, self, unveiledStart(args)));

  wrap(globalThis, 'showDirectoryPicker', (native, self, args) => {
    bridge.send('picker');
    return afterwards(apply(native, self, unveiledStart(args)), (folder, resolve) => resolve(isHeld('', 'image/jpeg') ? veiled(folder) : folder));
  });
})();
