/**
 * Pictures the page reads out of the clipboard by itself. They come as a promise anyway; it is kept later, with the
 * protected copy.
 */
(() => {
  const { bridge, natives } = photoveilPage;
  const { apply, getter, method, then, wrap } = natives;
  const [SavedPromise, SavedFile, SavedBlob, SavedDOMException] = [Promise, File, Blob, DOMException];
  const typeOf = getter(Blob.prototype, 'type');
  const startsWith = method(String.prototype, 'startsWith');
  const after = method(String.prototype, 'slice');
  const REFUSAL = "Failed to execute 'getType' on 'ClipboardItem': Read permission denied.";

  /** @param {Blob} picture @param {(picture: Blob) => void} resolve @param {(reason: any) => void} reject */
  function protect(picture, resolve, reject) {
    const type = typeOf(picture);
    const init = /** @type {any} */ ({ __proto__: null, type });
    then(bridge.ask('read', undefined, [new SavedFile([picture], `image.${after(type, 'image/'.length)}`, init)]), (files) => {
      if (files?.[0]) resolve(new SavedBlob([files[0]], init));
      else reject(new SavedDOMException(REFUSAL, 'NotAllowedError'));
    }, reject);
  }

  wrap(globalThis.ClipboardItem?.prototype, 'getType', (native, self, args) => new SavedPromise((resolve, reject) => {
    then(apply(native, self, args), (blob) => {
      if (bridge.connected && startsWith(typeOf(blob), 'image/')) protect(blob, resolve, reject);
      else resolve(blob);
    }, reject);
  }));
})();
