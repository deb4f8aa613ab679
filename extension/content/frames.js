/**
 * Frames in which a browser starts no content script although the page around them fills them: those with a `javascript:`
 * address, and those whose address answered without a document. Their first, empty document stays, and the background
 * starts our scripts in it when the page fills it: one that stays empty is on its way to another document, which browsers
 * start the scripts in themselves. For the moment that takes, nothing goes in.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

(() => {
  const { background, listen, roots, site } = photoveil;

  const PHOTOS = ['input', 'change', 'drop', 'paste', 'submit'];
  const PRESSES = ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click', 'touchend', 'keydown'];

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
    const { open, openToPresses } = guard(inner.defaultView);
    // Where our scripts cannot be started such a frame takes no photos, but can be used.
    background.startInFrames().then(open, openToPresses);
  }

  /**
   * Until scripts of its own look after a frame nothing goes in: neither a photo nor a press that could open a dialog for
   * an input in no document, which only those scripts would hear.
   * @param {Window} frame @returns {{open(): void, openToPresses(): void}}
   */
  function guard(frame) {
    /** @param {Event} event */
    const refuse = (event) => {
      if (!event.isTrusted || !site.enabled) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const [input] = event.composedPath();
      if (roots.isFileInput(input) && input.files?.length) input.files = new DataTransfer().files;
    };
    const set = (/** @type {string[]} */ types) => types.forEach((type) => frame.addEventListener(type, refuse, true));
    const unset = (/** @type {string[]} */ types) => types.forEach((type) => frame.removeEventListener(type, refuse, true));
    set([...PHOTOS, ...PRESSES]);
    return { open: () => unset([...PHOTOS, ...PRESSES]), openToPresses: () => unset(PRESSES) };
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
