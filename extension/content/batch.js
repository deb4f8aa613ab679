/**
 * A batch: files that came at once from one source, on their way from the user to the page. It finds the photos among
 * them, has them protected, shows one card meanwhile, and gives the page everything in the user's order.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

photoveil.batch ??= (() => {
  const { background, files: kinds, site, status } = photoveil;

  /**
   * The background looks up many photos at once, so that those protected before come back at once, and knows how many
   * it may have in work; a message holds only a reference to a photo.
   */
  const AT_ONCE = 32;

  /** Single files that a page asks for within this time of each other are one batch. */
  const JOIN_MS = 50;

  /** More cards that ask are given up, the oldest first: nobody reads them all, and a page may have made them up. */
  const MAX_ASKING = 20;

  /** Batches that failed and ask the user, oldest first. @type {Set<Batch>} */
  const asking = new Set();

  /** Everything a page was given: it passes from then on. @type {WeakSet<File>} */
  const own = new WeakSet();

  /** Where in a picked folder the originals of our files were. @type {WeakMap<File, string>} */
  const paths = new WeakMap();

  class Batch {
    #controller = new AbortController();
    /** @type {Array<Ready | undefined>} in the user's order; undefined: not ready */
    #ready;
    /** Which of the files turned out to be photos. @type {number[] | undefined} */
    #photos;
    /** How far those in work are. @type {Map<number, number>} */
    #fractions = new Map();
    #isOver = false;

    /** @param {File[]} files @param {BatchOptions} options */
    constructor(files, options) {
      this.files = files;
      this.options = options;
      this.#ready = files.map((file) => (own.has(file) ? { outcome: 'unchanged', file } : undefined));
      this.card = status.open({
        cancel: () => this.giveUp(),
        retry: () => void this.work(),
        original: () => this.#useOriginals(),
      });
    }

    get cancelled() {
      return this.#controller.signal.aborted;
    }

    /** End without giving the page anything. */
    giveUp() {
      if (this.#isOver) return;
      this.#isOver = true;
      asking.delete(this);
      this.#controller.abort();
      this.card.close();
      this.options.onGivenUp();
    }

    async work() {
      if (this.#isOver) return;
      asking.delete(this);
      this.options.onHold?.();
      const failure = await this.#protectAll();
      if (this.#isOver) return;
      if (!failure) {
        this.#settle();
        return;
      }
      this.options.onPause?.();
      this.card.failed(failure, this.#missing().map(({ name }) => name));
      asking.add(this);
      const [oldest] = asking;
      if (asking.size > MAX_ASKING) oldest?.giveUp();
    }

    /** Protect what is not ready yet. @returns {Promise<Failure | undefined>} the first failure */
    async #protectAll() {
      this.#photos ??= await this.#findPhotos();
      const waiting = this.#photos.filter((index) => !this.#ready[index]);
      /** @type {Failure | undefined} */
      let first;
      let isStopped = false;
      const lane = async () => {
        for (let index = waiting.shift(); index !== undefined && !isStopped && !this.#isOver; index = waiting.shift()) {
          const failure = await this.#protectOne(index);
          first ??= failure;
          if (failure && !isAboutOnePhoto(failure)) isStopped = true;
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, lane));
      return first;
    }

    /** Everything that is no photo is ready as it is. @returns {Promise<number[]>} */
    async #findPhotos() {
      const photos = [];
      for (const [index, file] of this.files.entries()) {
        if (this.#ready[index]) continue;
        const isPhoto = kinds.isCandidate(file) && (await kinds.looksLikePhoto(file).catch(() => true));
        if (isPhoto) photos.push(index);
        else this.#ready[index] = { outcome: 'unchanged', file, ...(isVideo(file) ? { reason: /** @type {const} */ ('video') } : {}) };
      }
      return photos;
    }

    /** @param {number} index @returns {Promise<Failure | undefined>} */
    async #protectOne(index) {
      const file = /** @type {File} */ (this.files[index]);
      this.#tell(index, 0);
      const answer = await background.protect(
        file, { name: file.name, type: file.type }, ({ progress }) => this.#tell(index, progress), this.#controller.signal,
      );
      this.#fractions.delete(index);
      if (answer.outcome === 'failed') return answer.failure;
      this.#ready[index] = answer.outcome === 'unchanged'
        ? { outcome: 'unchanged', file, reason: answer.reason }
        : { outcome: 'protected', file: protectedFile(file, answer), ...(answer.bare ? { reason: /** @type {const} */ ('bare') } : {}) };
      return undefined;
    }

    /** "2 of 4", over all photos of the batch. @param {number} index @param {number} fraction */
    #tell(index, fraction) {
      if (this.#isOver) return;
      this.#fractions.set(index, fraction);
      const photos = this.#photos ?? [];
      const done = photos.filter((at) => this.#ready[at]).length;
      const inWork = [...this.#fractions.values()].reduce((sum, part) => sum + part, 0);
      this.card.progress(done, photos.length, inWork);
    }

    #missing() {
      return this.files.filter((_, index) => !this.#ready[index]);
    }

    /** Only ever called by a trusted press of the button that says so. */
    #useOriginals() {
      if (this.#isOver || site.away === 'block') return;
      background.originalUsed(this.#missing().length);
      this.#ready = this.files.map((file, index) => this.#ready[index] ?? { outcome: 'original', file });
      this.#settle();
    }

    #settle() {
      this.#isOver = true;
      asking.delete(this);
      const ready = /** @type {Ready[]} */ (this.#ready);
      const count = (/** @type {Ready['outcome']} */ outcome) => ready.filter((entry) => entry.outcome === outcome).length;
      const unchanged = ready.flatMap((entry) => (entry.reason ? [entry.reason] : []));
      if (this.#photos?.length || unchanged.length > 0 || count('original') > 0) this.card.done(count('protected'), unchanged, count('original'));
      else this.card.close();
      for (const { file } of ready) own.add(file);
      this.options.onSettled(ready.map(({ file }) => file), ready);
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
   * `lastModified` stays: pages sort by it and know a file picked twice by it. It is the file's date on this machine and
   * says nothing about what is in the picture; a date of our own making would single out those who use Photoveil.
   * @param {File} file @param {Extract<ProtectAnswer, {outcome: 'protected'}>} answer
   */
  function protectedFile(file, answer) {
    const name = nameFor(file.name, answer);
    const made = new File([answer.blob], name, { type: answer.type, lastModified: file.lastModified });
    const path = pathOf(file);
    if (path) paths.set(made, path.slice(0, path.lastIndexOf('/') + 1) + name);
    return made;
  }

  /** @param {File} file */
  function pathOf(file) {
    return file.webkitRelativePath || (paths.get(file) ?? '');
  }

  /** @param {File} file */
  function isVideo(file) {
    return file.type.toLowerCase().startsWith('video/');
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

  /** @param {Iterable<File>} files */
  function candidates(files) {
    if (!site.enabled) return false;
    for (const file of files) if (!own.has(file) && kinds.isCandidate(file)) return true;
    return false;
  }

  /** @param {Iterable<File>} files */
  function tell(files) {
    const videos = Array.from(files).filter((file) => isVideo(file) && !own.has(file));
    if (!site.enabled || videos.length === 0) return;
    for (const file of videos) own.add(file);
    const card = status.open({ cancel: () => card.close(), retry: () => undefined, original: () => undefined });
    card.done(0, ['video'], 0);
  }

  /** @param {File[]} files @param {BatchOptions} options */
  function open(files, options) {
    const batch = new Batch(files, options);
    void batch.work();
    return batch;
  }

  /** Who waits for the batch that gathers at the moment. @type {Array<{file: File, settle: (file?: File) => void}>} */
  let gathered = [];

  function openGathered() {
    const all = gathered;
    gathered = [];
    open(all.map(({ file }) => file), {
      onSettled: (files) => all.forEach(({ settle }, index) => settle(files[index])),
      onGivenUp: () => all.forEach(({ settle }) => settle()),
    });
  }

  /** @param {File} file @returns {Promise<File | undefined>} */
  function join(file) {
    if (!candidates([file])) return Promise.resolve(file);
    return new Promise((resolve) => {
      if (gathered.length === 0) setTimeout(openGathered, JOIN_MS);
      gathered.push({ file, settle: resolve });
    });
  }

  return { open, join, candidates, tell, pathOf, setPath: (file, path) => void paths.set(file, path), own };
})();
