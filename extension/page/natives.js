/**
 * The browser's own functions, saved before any script of the page can replace them, and ways to call and to wrap them
 * that no page can tap. First of the scripts that run in the page's own world; they meet in one object that the last of
 * them (end.js) takes away again.
 *
 * Rules for these scripts: a page may later put anything into any prototype. So call only what was saved here, loop by
 * index, never `await` what may be an original, and give every handler object no prototype.
 */
Object.defineProperty(globalThis, 'photoveilPage', { value: {}, configurable: true, enumerable: false });

photoveilPage.natives = (() => {
  const { apply, defineProperty, deleteProperty, getOwnPropertyDescriptor } = Reflect;
  const SavedProxy = Proxy;

  /** @type {NativeTools['uncurry']} */
  const uncurry = (native) => (/** @type {any} */ self, /** @type {any[]} */ ...args) => apply(native, self, args);

  /** @type {NativeTools['getter']} */
  function getter(prototype, name) {
    const native = getOwnPropertyDescriptor(prototype, name)?.get;
    return native ? uncurry(native) : () => undefined;
  }

  /** @type {NativeTools['setter']} */
  function setter(prototype, name) {
    const native = getOwnPropertyDescriptor(prototype, name)?.set;
    return native ? uncurry(native) : () => undefined;
  }

  /** What stands in for what. @type {WeakMap<object, Function>} */
  const masked = new WeakMap();
  const maskOf = uncurry(masked.get).bind(undefined, masked);

  /** @type {NativeTools['mask']} */
  function mask(native, handler, make) {
    const traps = /** @type {any} */ ({
      __proto__: null,
      apply: (/** @type {any} */ target, /** @type {any} */ self, /** @type {any[]} */ args) => handler(target, self, args),
    });
    if (make) traps.construct = (/** @type {any} */ _target, /** @type {any[]} */ args, /** @type {Function} */ asked) => make(args, asked);
    const proxy = new SavedProxy(native, traps);
    masked.set(proxy, native);
    return proxy;
  }

  /** @type {NativeTools['wrap']} */
  function wrap(owner, name, handler) {
    const descriptor = owner && getOwnPropertyDescriptor(owner, name);
    if (!owner || typeof descriptor?.value !== 'function') return;
    defineProperty(owner, name, { ...descriptor, value: mask(descriptor.value, handler) });
  }

  /** @type {NativeTools['wrapGetter']} */
  function wrapGetter(owner, name, handler) {
    const descriptor = owner && getOwnPropertyDescriptor(owner, name);
    if (!owner || !descriptor?.get) return;
    defineProperty(owner, name, { ...descriptor, get: mask(descriptor.get, handler) });
  }

  const promiseThen = uncurry(Promise.prototype.then);

  // A wrapped native says of itself what the native says.
  wrap(Function.prototype, 'toString', (native, self, args) => apply(native, maskOf(self) ?? self, args));

  const shadowMode = getter(ShadowRoot.prototype, 'mode');
  const localName = getter(Element.prototype, 'localName');
  const inputType = getter(HTMLInputElement.prototype, 'type');
  return {
    apply,
    uncurry,
    method: (prototype, name) => uncurry(getOwnPropertyDescriptor(prototype, name)?.value ?? (() => undefined)),
    getter,
    setter,
    mask,
    wrap,
    wrapGetter,
    then(promise, onValue, onError) {
      // The native asks the promise for its `constructor`: a getter of the page there would get hold of it.
      defineProperty(promise, 'constructor', /** @type {any} */ ({ __proto__: null, value: undefined, configurable: true }));
      promiseThen(promise, onValue, onError);
      deleteProperty(promise, 'constructor');
    },
    isShadowRoot(node) {
      try {
        return Boolean(shadowMode(node));
      } catch {
        return false;
      }
    },
    isFileInput(node) {
      try {
        return localName(node) === 'input' && inputType(node) === 'file';
      } catch {
        // No element, of this realm or another.
        return false;
      }
    },
  };
})();
