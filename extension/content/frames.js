/**
 * Frames in which a browser starts no content script although the page around them fills them: those with a `javascript:`
 * address, and those whose address answered without a document. Their first, empty document stays, and the background
 * starts our scripts in it when the page fills it: one that stays empty is on its way to another document, which browsers
 * start the scripts in themselves. For the moment that takes, nothing goes in.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

(() => {
  const { background, listen, roots, site } = photoveil;

  /** A page that is being built changes all the time: between two looks it has at least this long. */
  const PAUSE_MS = 100;

  /** Documents that the background was told of. @type {WeakSet<Document>} */
  const told = new WeakSet();

  /** Empty ones, seen when they are filled. @type {WeakSet<Document>} */
  const watched = new WeakSet();

  let isPausing = false;
  let isDue = false;

  /** Look after what a frame has, if browsers leave it alone. @param {Element} frame */
  function consider(frame) {
    const address = (frame.getAttribute('src') ?? frame.getAttribute('data') ?? '').trim();
    if (!address || /^about:/i.test(address)) return;
    const inner = /** @type {HTMLIFrameElement | HTMLObjectElement} */ (frame).contentDocument;
    if (!inner || told.has(inner)) return;
    if (/^javascript:/i.test(address)) startIn(inner);
    else if (inner.URL === 'about:blank') startWhenFilled(inner);
  }

  /** @param {Document} inner */
  function startWhenFilled(inner) {
    if (inner.body?.hasChildNodes()) {
      startIn(inner);
      return;
    }
    if (watched.has(inner)) return;
    watched.add(inner);
    const filling = new MutationObserver(() => {
      if (!inner.body?.hasChildNodes()) return;
      filling.disconnect();
      if (inner.defaultView?.document === inner) startIn(inner);
    });
    filling.observe(inner, { childList: true, subtree: true });
  }

  /** @param {Document} inner */
  function startIn(inner) {
    if (!inner.defaultView || told.has(inner)) return;
    told.add(inner);
    // Where our scripts cannot be started the guard stays: then such a frame takes no photos.
    background.startInFrames().then(guard(inner.defaultView), () => undefined);
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

  /** At once where that was not long ago: a frame is best looked after before anybody can use it. */
  function lookNow() {
    if (window.length === 0) return;
    isDue = isPausing;
    if (isPausing) return;
    for (const frame of document.querySelectorAll('iframe, frame, object')) consider(frame);
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
