/**
 * Frames in which a browser starts no content script although the page around them fills them: those with a `javascript:`
 * address, and those whose address answered without a document. Their first, empty document stays, and the background
 * starts our scripts in it. For the moment that takes, nothing goes in.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

(() => {
  const { background, listen, roots, site } = photoveil;

  /** A page that is being built changes all the time: between two looks it has at least this long. */
  const PAUSE_MS = 100;

  /** Documents that the background was told of. @type {WeakSet<Document>} */
  const told = new WeakSet();

  let isPausing = false;
  let isDue = false;

  /** The frame's first document, if it still has that while its address is of another. @param {Element} frame */
  function leftAlone(frame) {
    const address = (frame.getAttribute('src') ?? frame.getAttribute('data') ?? '').trim();
    if (!address || /^about:/i.test(address)) return undefined;
    const inner = /** @type {HTMLIFrameElement | HTMLObjectElement} */ (frame).contentDocument;
    return inner && (inner.URL === 'about:blank' || /^javascript:/i.test(address)) ? inner : undefined;
  }

  /** Keeps a frame's photos until scripts of its own look after them. @param {Window} frame */
  function guard(frame) {
    /** @type {Map<HTMLInputElement, File[]>} */
    const picks = new Map();
    /** @type {Array<() => void>} */
    const submissions = [];

    /** @param {Event} event */
    const stop = (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    /** @param {Event} event */
    const onPick = (event) => {
      const [input] = event.composedPath();
      if (!site.enabled || !roots.isFileInput(input)) return;
      const files = Array.from(input.files ?? []);
      if (files.length === 0 && !picks.has(input)) return;
      stop(event);
      if (files.length === 0) return;
      picks.set(input, files);
      input.files = new DataTransfer().files;
    };
    /** @param {DragEvent | ClipboardEvent} event */
    const onTransfer = (event) => {
      const transfer = 'dataTransfer' in event ? event.dataTransfer : event.clipboardData;
      if (site.enabled && transfer?.types.includes('Files')) stop(event);
    };
    /** @param {SubmitEvent} event */
    const onSubmit = (event) => {
      const { target: form, submitter } = event;
      if (picks.size === 0) return;
      stop(event);
      if (event.isTrusted) submissions.push(() => HTMLFormElement.prototype.requestSubmit.call(form, submitter));
    };
    /** @type {Array<[string, (event: any) => void]>} */
    const listeners = [['input', onPick], ['change', onPick], ['drop', onTransfer], ['paste', onTransfer], ['submit', onSubmit]];
    for (const [type, listener] of listeners) frame.addEventListener(type, listener, true);

    /** From here on the frame's own scripts hear everything, and hold what they hear of here. */
    return () => {
      for (const [type, listener] of listeners) frame.removeEventListener(type, listener, true);
      for (const [input, files] of picks) {
        const carrier = new DataTransfer();
        for (const file of files) carrier.items.add(file);
        input.files = carrier.files;
        input.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
      }
      for (const submit of submissions) submit();
    };
  }

  function look() {
    /** @type {Array<() => void>} */
    const guards = [];
    for (const frame of document.querySelectorAll('iframe, frame, object')) {
      const inner = leftAlone(frame);
      if (!inner?.defaultView || told.has(inner)) continue;
      told.add(inner);
      guards.push(guard(inner.defaultView));
    }
    if (guards.length === 0) return;
    // Where our scripts cannot be started the guards stay: then such a frame takes no photos.
    background.startInFrames().then(() => guards.forEach((open) => open()), () => undefined);
  }

  /** At once where that was not long ago: a frame is best looked after before anybody can use it. */
  function lookNow() {
    if (window.length === 0) return;
    isDue = isPausing;
    if (isPausing) return;
    look();
    isPausing = true;
    setTimeout(() => {
      isPausing = false;
      if (isDue) lookNow();
    }, PAUSE_MS);
  }

  listen('load', lookNow);
  new MutationObserver(lookNow).observe(document, {
    childList: true, subtree: true, attributes: true, attributeFilter: ['src', 'data'],
  });
})();
