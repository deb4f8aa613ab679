/**
 * What a drop or paste made by a script lacks: file-system entries and handles. Libraries that read drops only through
 * these (jQuery-File-Upload, plupload) would find nothing. They are read-only views of one tree, and all files in it are
 * already what the page may have.
 */
photoveilPage.entries = (() => {
  /** As many as browsers give at a time; libraries must ask until nothing more comes. */
  const BATCH = 100;
  const SavedDOMException = DOMException;
  const soon = queueMicrotask.bind(globalThis);

  /** @param {string} name @param {string} message */
  function refusal(name, message) {
    return new SavedDOMException(message, name);
  }

  const notFound = () => refusal('NotFoundError', 'A requested file or directory could not be found at the time an operation was processed.');
  const wrongType = () => refusal('TypeMismatchError', 'The path supplied exists, but was not an entry of requested type.');
  const readOnly = () => refusal('NotAllowedError', 'The request is not allowed by the user agent or the platform in the current context.');

  /** @param {PageTree} folder @param {string} name */
  function childOf(folder, name) {
    return folder.children?.find((child) => child.name === name);
  }

  // --- entries: what webkitGetAsEntry() gives ------------------------------------------------------------------------

  class Entry {
    #tree;
    #parent;

    /** @param {PageTree} tree @param {FolderEntry | undefined} parent */
    constructor(tree, parent) {
      this.#tree = tree;
      this.#parent = parent;
    }

    get isFile() {
      return !this.#tree.children;
    }

    get isDirectory() {
      return !this.isFile;
    }

    get name() {
      return this.#tree.name;
    }

    /** @returns {string} */
    get fullPath() {
      const parent = this.#parent?.fullPath ?? '';
      return `${parent === '/' ? '' : parent}/${this.name}`;
    }

    get filesystem() {
      return { name: location.origin.replace(/\W+/g, '_'), root: new FolderEntry({ name: '', children: [] }, undefined) };
    }

    /** @param {((parent: Entry) => void)} [success] */
    getParent(success) {
      const parent = this.#parent ?? this.filesystem.root;
      soon(() => success?.(parent));
    }

    /** @param {(metadata: {size: number, modificationTime: Date}) => void} success */
    getMetadata(success) {
      const { file } = this.#tree;
      soon(() => success({ size: file?.size ?? 0, modificationTime: new Date(file?.lastModified ?? 0) }));
    }
  }

  class FileEntry extends Entry {
    #file;

    /** @param {PageTree & {file: File}} tree @param {FolderEntry | undefined} parent */
    constructor(tree, parent) {
      super(tree, parent);
      this.#file = tree.file;
    }

    /** @param {(file: File) => void} success */
    file(success) {
      soon(() => success(this.#file));
    }

    get [Symbol.toStringTag]() {
      return 'FileEntry';
    }
  }

  class FolderEntry extends Entry {
    #tree;

    /** @param {PageTree} tree @param {FolderEntry | undefined} parent */
    constructor(tree, parent) {
      super(tree, parent);
      this.#tree = tree;
    }

    createReader() {
      const entries = (this.#tree.children ?? []).map((child) => entryOf(child, this));
      return new Reader(entries);
    }

    /** @param {string} path @param {unknown} _options @param {(entry: Entry) => void} [success] @param {(error: DOMException) => void} [failure] */
    getFile(path, _options, success, failure) {
      this.#find(path, true, success, failure);
    }

    /** @param {string} path @param {unknown} _options @param {(entry: Entry) => void} [success] @param {(error: DOMException) => void} [failure] */
    getDirectory(path, _options, success, failure) {
      this.#find(path, false, success, failure);
    }

    /**
     * @param {string} path @param {boolean} wantsFile
     * @param {((entry: Entry) => void) | undefined} success @param {((error: DOMException) => void) | undefined} failure
     */
    #find(path, wantsFile, success, failure) {
      /** @type {Entry | undefined} */
      let found = this;
      for (const name of path.split('/').filter((part) => part && part !== '.')) {
        found = found instanceof FolderEntry ? found.#child(name) : undefined;
      }
      const entry = found;
      if (!entry) soon(() => failure?.(notFound()));
      else if (entry.isFile !== wantsFile) soon(() => failure?.(wrongType()));
      else soon(() => success?.(entry));
    }

    /** @param {string} name @returns {Entry | undefined} */
    #child(name) {
      const tree = childOf(this.#tree, name);
      return tree && entryOf(tree, this);
    }

    get [Symbol.toStringTag]() {
      return 'DirectoryEntry';
    }
  }

  class Reader {
    #left;

    /** @param {Entry[]} entries */
    constructor(entries) {
      this.#left = entries;
    }

    /** @param {(entries: Entry[]) => void} success */
    readEntries(success) {
      const next = this.#left.splice(0, BATCH);
      soon(() => success(next));
    }

    get [Symbol.toStringTag]() {
      return 'DirectoryReader';
    }
  }

  /** @param {PageTree} tree @param {FolderEntry} [parent] @returns {Entry} */
  function entryOf(tree, parent) {
    return tree.children ? new FolderEntry(tree, parent) : new FileEntry(/** @type {PageTree & {file: File}} */ (tree), parent);
  }

  // --- handles: what getAsFileSystemHandle() gives -------------------------------------------------------------------

  class Handle {
    #tree;

    /** @param {PageTree} tree */
    constructor(tree) {
      this.#tree = tree;
    }

    get kind() {
      return this.#tree.children ? 'directory' : 'file';
    }

    get name() {
      return this.#tree.name;
    }

    /** @param {unknown} other @returns {other is Handle} */
    static is(other) {
      return typeof other === 'object' && other !== null && #tree in other;
    }

    /** @param {unknown} other */
    async isSameEntry(other) {
      return Handle.is(other) && other.#tree === this.#tree;
    }

    /** @param {{mode?: string}} [options] */
    async queryPermission({ mode = 'read' } = {}) {
      return mode === 'read' ? 'granted' : 'denied';
    }

    /** @param {{mode?: string}} [options] */
    async requestPermission(options) {
      return this.queryPermission(options);
    }

    async remove() {
      throw readOnly();
    }

    /** @param {Handle} other @returns {Promise<string[] | null>} the way from here to there */
    async resolve(other) {
      return Handle.is(other) ? pathTo(this.#tree, other.#tree) : null;
    }
  }

  /** @param {PageTree} from @param {PageTree} to @returns {string[] | null} */
  function pathTo(from, to) {
    if (from === to) return [];
    for (const child of from.children ?? []) {
      const rest = pathTo(child, to);
      if (rest) return [child.name, ...rest];
    }
    return null;
  }

  class FileHandle extends Handle {
    #file;

    /** @param {PageTree & {file: File}} tree */
    constructor(tree) {
      super(tree);
      this.#file = tree.file;
    }

    async getFile() {
      return this.#file;
    }

    async createWritable() {
      throw readOnly();
    }

    get [Symbol.toStringTag]() {
      return 'FileSystemFileHandle';
    }
  }

  class FolderHandle extends Handle {
    #tree;

    /** @param {PageTree} tree */
    constructor(tree) {
      super(tree);
      this.#tree = tree;
    }

    /** @returns {AsyncGenerator<[string, Handle]>} */
    async *entries() {
      for (const child of this.#tree.children ?? []) yield [child.name, handleOf(child)];
    }

    async *keys() {
      for await (const [name] of this.entries()) yield name;
    }

    async *values() {
      for await (const [, handle] of this.entries()) yield handle;
    }

    [Symbol.asyncIterator]() {
      return this.entries();
    }

    /** @param {string} name */
    async getFileHandle(name) {
      return this.#child(name, true);
    }

    /** @param {string} name */
    async getDirectoryHandle(name) {
      return this.#child(name, false);
    }

    async removeEntry() {
      throw readOnly();
    }

    /** @param {string} name @param {boolean} wantsFile */
    #child(name, wantsFile) {
      const child = childOf(this.#tree, name);
      if (!child) throw notFound();
      if (Boolean(child.file) !== wantsFile) throw wrongType();
      return handleOf(child);
    }

    get [Symbol.toStringTag]() {
      return 'FileSystemDirectoryHandle';
    }
  }

  /** @param {PageTree} tree @returns {Handle} */
  function handleOf(tree) {
    return tree.children ? new FolderHandle(tree) : new FileHandle(/** @type {PageTree & {file: File}} */ (tree));
  }

  /**
   * Let our class pass for the browser's: its prototype chain goes on with the browser's class where there is one, so
   * `instanceof` says yes. What our common class knows is copied, as no object has two chains.
   * @param {Function} ours @param {string} theirs
   */
  function disguise(ours, theirs) {
    const { prototype } = ours;
    const common = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(prototype));
    Object.defineProperties(prototype, { ...common, ...Object.getOwnPropertyDescriptors(prototype) });
    Object.setPrototypeOf(prototype, Reflect.get(globalThis, theirs)?.prototype ?? Object.prototype);
    Reflect.deleteProperty(prototype, 'constructor');
  }

  disguise(FileEntry, 'FileSystemFileEntry');
  disguise(FolderEntry, 'FileSystemDirectoryEntry');
  disguise(FileHandle, 'FileSystemFileHandle');
  disguise(FolderHandle, 'FileSystemDirectoryHandle');

  return { entryOf: (/** @type {PageTree} */ tree) => entryOf(tree), handleOf };
})();
