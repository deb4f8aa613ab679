// After Photoveil's scripts have started: replaces what they might call, and keeps whatever comes by.
const { loot } = window.hostile;
const { File: RealFile, Blob: RealBlob } = window;
let isBusy = false;

function take(thing) {
  if (isBusy) return;
  isBusy = true;
  try {
    if (thing instanceof RealBlob) loot(thing);
    if (thing instanceof FileList || Array.isArray(thing)) {
      for (let at = 0; at < thing.length; at++) if (thing[at] instanceof RealFile) loot(thing[at]);
    }
    if (thing instanceof DataTransfer) window.hostile.lootFiles(thing.files);
    if (thing instanceof HTMLInputElement && thing.type === 'file') window.hostile.lootInput(thing);
  } catch {
    // Whatever it was.
  } finally {
    isBusy = false;
  }
}

function poison(owner, name) {
  const descriptor = Object.getOwnPropertyDescriptor(owner, name);
  if (!descriptor?.configurable) return;
  for (const kind of ['value', 'get', 'set']) {
    const native = descriptor[kind];
    if (typeof native !== 'function') continue;
    descriptor[kind] = function (...args) {
      take(this);
      for (const one of args) take(one);
      const result = Reflect.apply(native, this, args);
      take(result);
      return result;
    };
  }
  try {
    Object.defineProperty(owner, name, descriptor);
  } catch {
    // Then not.
  }
}

const VICTIMS = [
  [Event.prototype], [MouseEvent.prototype], [CustomEvent.prototype], [SubmitEvent.prototype], [EventTarget.prototype], [Node.prototype],
  [HTMLInputElement.prototype], [DataTransfer.prototype], [DataTransferItemList.prototype], [DataTransferItem.prototype], [FileList.prototype],
  [Blob.prototype], [File.prototype], [FileReader.prototype], [Promise.prototype], [Array.prototype, ['map', 'forEach', 'push', 'filter', 'flatMap']],
  [WeakMap.prototype], [Map.prototype], [WeakSet.prototype], [Set.prototype], [JSON], [HTMLFormElement.prototype], [FormData.prototype],
];
for (const [owner, names = Object.getOwnPropertyNames(owner)] of VICTIMS) {
  for (const name of names) if (name !== 'constructor') poison(owner, name);
}
Object.defineProperty(Array.prototype, '0', { configurable: true, get: () => undefined, set(value) {
  take(value);
  Object.defineProperty(this, '0', { value, writable: true, enumerable: true, configurable: true });
} });
const RealPromise = Promise;
Object.defineProperty(Promise.prototype, 'constructor', { configurable: true, get() {
  if (!isBusy) {
    isBusy = true;
    Reflect.apply(RealPromise.prototype.then, this, [take, () => undefined]);
    isBusy = false;
  }
  return constructor;
} });
