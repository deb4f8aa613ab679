/**
 * Hold, clear, replay: a picked photo never reaches the page; its protected copy does, a moment later.
 *
 * The listeners sit on the window in the capture phase from document_start on, so they run before the page's. They
 * decide synchronously; everything slow happens after the input has been emptied.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

(() => {
  if (photoveil.started) return;
  photoveil.started = true;
  const { background, files: kinds, forms, site, status } = photoveil;

  /** Files this script put into inputs itself. @type {WeakSet<File>} */
  const ownFiles = new WeakSet();

  /** Events this script dispatches itself. @type {WeakSet<Event>} */
  const ownEvents = new WeakSet();

  /** @typedef {{outcome: 'protected' | 'unchanged' | 'original', file: File, reason?: 'own' | 'animation' | 'other'}} Ready */

  /** Picks in work. @type {WeakMap<HTMLInputElement, Pick>} */
  const picks = new WeakMap();

  /** One choice of files in one input, from the moment it is held until the page has its protected copies. */
  class Pick {
    #controller = new AbortController();
    /** @type {Array<Ready | undefined>} in the user's order; undefined: not ready */
    #ready;
    /** How many of the files turned out to be photos. */
    #photos = 0;

    /** @param {HTMLInputElement} input @param {File[]} files */
    constructor(input, files) {
      this.input = input;
      this.files = files;
      this.#ready = files.map(() => undefined);
      this.card = status.open({
        cancel: () => this.giveUp(),
        retry: () => void this.work(),
        original: () => this.#useOriginals(),
      });
    }

    /** End without giving the page anything. */
    giveUp() {
      this.#controller.abort();
      this.card.close();
      if (picks.get(this.input) !== this) return;
      picks.delete(this.input);
      forms.forget(this.input);
    }

    async work() {
      forms.hold(this.input);
      const failure = await this.#protectAll();
      if (this.#controller.signal.aborted) return;
      if (!failure) {
        this.#deliver();
        return;
      }
      forms.pause(this.input);
      this.card.failed(failure, this.#missing().map(({ name }) => name));
    }

    /** Protect what is not ready yet, in order. @returns {Promise<Failure | undefined>} the first failure */
    async #protectAll() {
      /** @type {Failure | undefined} */
      let first;
      const photos = await this.#findPhotos();
      for (const index of photos) {
        if (this.#ready[index]) continue;
        const failure = await this.#protectOne(index, photos);
        if (this.#controller.signal.aborted) return undefined;
        first ??= failure;
        if (failure && !isAboutOnePhoto(failure)) break;
      }
      return first;
    }

    /** Everything that is no photo is ready as it is. @returns {Promise<number[]>} */
    async #findPhotos() {
      const photos = [];
      for (const [index, file] of this.files.entries()) {
        const isPhoto = kinds.isCandidate(file) && (await kinds.looksLikePhoto(file).catch(() => true));
        if (isPhoto) photos.push(index);
        else this.#ready[index] = { outcome: 'unchanged', file };
      }
      this.#photos = photos.length;
      return photos;
    }

    /** @param {number} index @param {number[]} photos @returns {Promise<Failure | undefined>} */
    async #protectOne(index, photos) {
      const file = /** @type {File} */ (this.files[index]);
      const place = photos.indexOf(index);
      this.card.progress(place, photos.length, 0);
      const answer = await background.protect(
        file, { name: file.name, type: file.type },
        ({ progress }) => this.card.progress(place, photos.length, progress), this.#controller.signal,
      );
      if (answer.outcome === 'failed') return answer.failure;
      this.#ready[index] = answer.outcome === 'unchanged' ? { outcome: 'unchanged', file, reason: answer.reason } : {
        outcome: 'protected',
        file: new File([answer.blob], nameFor(file.name, answer), { type: answer.type, lastModified: file.lastModified }),
      };
      return undefined;
    }

    #missing() {
      return this.files.filter((_, index) => !this.#ready[index]);
    }

    /** Only ever called by a trusted press of the button that says so. */
    #useOriginals() {
      background.originalUsed(this.#missing().length);
      this.#ready = this.files.map((file, index) => this.#ready[index] ?? { outcome: 'original', file });
      this.#deliver();
    }

    #deliver() {
      picks.delete(this.input);
      const ready = /** @type {Ready[]} */ (this.#ready);
      const count = (/** @type {Ready['outcome']} */ outcome) => ready.filter((entry) => entry.outcome === outcome).length;
      const unchanged = ready.flatMap((entry) => (entry.reason ? [entry.reason] : []));
      if (this.#photos > 0) this.card.done(count('protected'), unchanged, count('original'));
      else this.card.close();
      replay(this.input, ready.map(({ file }) => file));
      forms.release(this.input);
    }
  }

  /**
   * A failure of one photo lets the others go on; a failure of the way to the daemon does not.
   * @param {Failure} failure
   */
  function isAboutOnePhoto({ code }) {
    return code === 'daemon' || code === 'too-large' || code === 'unreadable';
  }

  /**
   * The original's name, with the extension of what the daemon made of it (a HEIC photo may come back as JPEG).
   * @param {string} name @param {{name: string, type: string}} delivered
   */
  function nameFor(name, delivered) {
    const extension = /\.[A-Za-z0-9]{1,5}$/;
    const theirs = extension.exec(delivered.name)?.[0];
    const ours = extension.exec(name)?.[0];
    if (!theirs || theirs.toLowerCase() === ours?.toLowerCase()) return name;
    return name.replace(extension, '') + theirs;
  }

  /** @param {HTMLInputElement} input @param {File[]} files */
  function setFiles(input, files) {
    const carrier = new DataTransfer();
    for (const file of files) carrier.items.add(file);
    input.files = carrier.files;
  }

  /** @param {HTMLInputElement} input @param {File[]} files */
  function replay(input, files) {
    setFiles(input, files);
    for (const file of files) ownFiles.add(file);
    for (const file of input.files ?? []) ownFiles.add(file);
    for (const event of [new Event('input', { bubbles: true, composed: true }), new Event('change', { bubbles: true })]) {
      ownEvents.add(event);
      input.dispatchEvent(event);
    }
  }

  /** @param {Event} event @returns {HTMLInputElement | undefined} */
  function fileInputOf(event) {
    const target = event.composedPath()[0];
    return target instanceof HTMLInputElement && target.type === 'file' ? target : undefined;
  }

  /** @param {Event} event */
  function onPick(event) {
    const input = fileInputOf(event);
    if (!input || ownEvents.has(event)) return;
    const files = Array.from(input.files ?? []);
    const strangers = files.filter((file) => !ownFiles.has(file));
    if (strangers.length === 0) {
      // The `change` that follows a held `input` finds the input already emptied.
      if (picks.has(input)) event.stopImmediatePropagation();
      return;
    }
    picks.get(input)?.giveUp();
    if (!site.enabled || !strangers.some(kinds.isCandidate)) return;
    event.stopImmediatePropagation();
    setFiles(input, []);
    const pick = new Pick(input, files);
    picks.set(input, pick);
    void pick.work();
  }

  /** The user is about to look for a photo: time enough for the daemon to warm up. @param {Event} event */
  function onClick(event) {
    const input = fileInputOf(event);
    if (input && event.isTrusted && site.enabled && kinds.isCandidate({ type: firstAccepted(input), name: '' })) background.prewarm();
  }

  /** @param {HTMLInputElement} input */
  function firstAccepted(input) {
    return input.accept.split(',')[0]?.trim() ?? '';
  }

  window.addEventListener('input', onPick, true);
  window.addEventListener('change', onPick, true);
  window.addEventListener('click', onClick, true);
})();
