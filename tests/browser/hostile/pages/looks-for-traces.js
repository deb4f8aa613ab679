// Asks every object how native it is, and lists what is there that no browser puts there.
const OWNERS = [
  'HTMLElement', 'HTMLInputElement', 'HTMLFormElement', 'EventTarget', 'Element', 'Document', 'DataTransferItem', 'ClipboardEvent', 'Function',
  'FileSystemFileHandle', 'FileSystemDirectoryHandle', 'FileSystemHandle', 'Clipboard', 'ClipboardItem', 'File', 'FormData',
];
const NATIVE = /\[native code\]/;
const OURS = new RegExp('ve' + 'il', 'i');
const traces = [];

// A fresh frame's functions are asked, too.
function inspect(native, place, key, fresh) {
  const says = Function.prototype.toString.call(native);
  if (!NATIVE.test(says) || !NATIVE.test(fresh.Function.prototype.toString.call(native))) traces.push(`${place} is no native`);
  if (typeof key === 'string' && (!says.includes(key) || !native.name.includes(key))) traces.push(`${place} has another name`);
  if (Object.hasOwn(native, 'prototype')) traces.push(`${place} has a prototype`);
  if (Reflect.ownKeys(native).some((own) => own !== 'length' && own !== 'name')) traces.push(`${place} has more properties`);
}

addEventListener('load', () => {
  const frame = document.createElement('iframe');
  document.body.append(frame);
  for (const name of OWNERS) {
    const owner = window[name]?.prototype ?? {};
    for (const key of Reflect.ownKeys(owner)) {
      const { value, get, set } = Object.getOwnPropertyDescriptor(owner, key);
      for (const native of [value, get, set]) {
        if (typeof native === 'function' && key !== 'constructor') inspect(native, `${name}.${String(key)}`, key, frame.contentWindow);
      }
    }
  }
  for (const name of Reflect.ownKeys(window)) if (OURS.test(String(name))) traces.push(`the global ${String(name)}`);
  if (OURS.test(document.documentElement.outerHTML)) traces.push('something in the document');
  window.hostile.loot(`traces: ${JSON.stringify(traces)}`);
  window.isDone = true;
});
