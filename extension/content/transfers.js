/**
 * What a drop or paste brings: words, files, folders. A DataTransfer can be read only while its event runs, so all that
 * can be taken at once is; folders are walked afterwards.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

photoveil.transfers ??= (() => {
  const { batch } = photoveil;

  /** @typedef {{text: string, type: string} | {file: File} | {folder: FileSystemDirectoryEntry}} Part */

  /** What a page that names a file on this computer's disk must not learn. */
  const LOCAL = /^\s*file:/i;

  /** @param {DataTransferItem} item @param {DataTransfer} transfer @returns {Part[]} */
  function partsOf(item, transfer) {
    if (item.kind === 'string') {
      const text = transfer.getData(item.type);
      return LOCAL.test(text) ? [] : [{ text, type: item.type }];
    }
    const entry = item.webkitGetAsEntry?.();
    if (entry?.isDirectory) return [{ folder: /** @type {FileSystemDirectoryEntry} */ (entry) }];
    const file = item.getAsFile();
    return file ? [{ file }] : [];
  }

  /** @param {FileSystemDirectoryReader} reader @returns {Promise<FileSystemEntry[]>} */
  async function readAll(reader) {
    /** @type {FileSystemEntry[]} */
    const all = [];
    for (;;) {
      const some = await new Promise((/** @type {(entries: FileSystemEntry[]) => void} */ resolve) => {
        reader.readEntries(resolve, () => resolve([]));
      });
      if (some.length === 0) return all;
      all.push(...some);
    }
  }

  /**
   * The folder as words for the bridge; its files, in the same order, are added to `files`. What the browser cannot read
   * is left out: the page could not have read it either.
   * @param {FileSystemEntry} entry @param {File[]} files @returns {Promise<TreeWords | undefined>}
   */
  async function walk(entry, files) {
    const { name } = entry;
    if (entry.isFile) {
      const file = await new Promise((/** @type {(file?: File) => void} */ resolve) => {
        /** @type {FileSystemFileEntry} */ (entry).file(resolve, () => resolve());
      });
      return file ? { name, file: files.push(file) - 1 } : undefined;
    }
    const children = [];
    for (const child of await readAll(/** @type {FileSystemDirectoryEntry} */ (entry).createReader())) {
      const tree = await walk(child, files);
      if (tree) children.push(tree);
    }
    return { name, children };
  }

  /** @param {Part[]} parts @returns {Promise<{items: ItemWords[], files: File[]}>} */
  async function unfold(parts) {
    /** @type {File[]} */
    const files = [];
    /** @type {ItemWords[]} */
    const items = [];
    for (const part of parts) {
      if ('text' in part) items.push(part);
      else if ('file' in part) items.push({ tree: { name: part.file.name, file: files.push(part.file) - 1 } });
      else {
        const tree = await walk(part.folder, files);
        if (tree) items.push({ tree });
      }
    }
    return { items, files };
  }

  /** Nobody knows yet what is in a folder; it is held like a photo. @param {Part} part */
  function isCandidate(part) {
    if ('folder' in part) return batch.candidates([new File([], part.folder.name, { type: 'image/jpeg' })]);
    return 'file' in part && batch.candidates([part.file]);
  }

  return {
    read(transfer) {
      const items = Array.from(transfer.items);
      const hasFiles = items.some(({ kind }) => kind === 'file');
      const parts = hasFiles ? items.flatMap((item) => partsOf(item, transfer)) : [];
      return {
        parts,
        mayHoldPhotos: parts.some(isCandidate),
        words: parts.filter((part) => 'text' in part),
        unfold: () => unfold(parts),
        tell: () => batch.tell(parts.flatMap((part) => ('file' in part ? [part.file] : []))),
      };
    },
  };
})();
