/**
 * DataTransfers with protected files in them, made in the page's own world because one made by the content script is
 * empty for a Firefox page. Their items know entries and handles as those of a real drop do.
 */
photoveilPage.transfers = (() => {
  const { bridge, entries, natives } = photoveilPage;
  const { apply, getter, method, wrap, wrapGetter } = natives;
  const SavedDataTransfer = DataTransfer;
  const SavedFile = File;
  const SavedPromise = Promise;
  const itemsOf = getter(DataTransfer.prototype, 'items');
  const add = method(DataTransferItemList.prototype, 'add');
  const setData = method(DataTransfer.prototype, 'setData');
  const itemFile = method(DataTransferItem.prototype, 'getAsFile');
  const kindOf = getter(DataTransferItem.prototype, 'kind');
  const known = method(WeakMap.prototype, 'get');
  const remember = method(WeakMap.prototype, 'set');
  const filesOf = getter(DataTransfer.prototype, 'files');
  const typesOf = getter(DataTransfer.prototype, 'types');
  const eventType = getter(Event.prototype, 'type');
  const nameOf = getter(File.prototype, 'name');
  const typeOf = getter(Blob.prototype, 'type');

  /** What a file stands for in a drop or paste that was made here. @type {WeakMap<File, PageTree>} */
  const trees = new WeakMap();

  /**
   * What the real drag allowed: Chromium says "none" of a transfer made by a script, which Fine Uploader takes for a no.
   * @type {WeakMap<DataTransfer, string>}
   */
  const effects = new WeakMap();

  /** Paste events made here, and what is in them. @type {WeakMap<Event, DataTransfer>} */
  const pastes = new WeakMap();

  /** @param {PageTree} tree */
  function fileFor(tree) {
    // A dropped folder, too, is a file in `files`, of no type and no use.
    const file = tree.file ?? new SavedFile([], tree.name);
    trees.set(file, tree);
    return file;
  }

  /** @param {PageItem[]} items @param {string} effect @returns {DataTransfer} */
  function build(items, effect) {
    const transfer = new SavedDataTransfer();
    effects.set(transfer, effect);
    for (const item of items) {
      if ('text' in item) setData(transfer, item.type, item.text);
      else add(itemsOf(transfer), fileFor(item.tree));
    }
    return transfer;
  }

  /** @param {DataTransferItem} item @returns {PageTree | undefined} */
  function treeOf(item) {
    if (kindOf(item) !== 'file') return undefined;
    const file = itemFile(item);
    return file ? known(trees, file) : undefined;
  }

  wrap(DataTransferItem.prototype, 'webkitGetAsEntry', (native, self, args) => {
    const tree = treeOf(self);
    return tree ? entries.entryOf(tree) : apply(native, self, args);
  });

  wrap(DataTransferItem.prototype, 'getAsFileSystemHandle', (native, self, args) => {
    const tree = treeOf(self);
    return tree ? SavedPromise.resolve(entries.handleOf(tree)) : apply(native, self, args);
  });

  wrapGetter(DataTransfer.prototype, 'effectAllowed', (native, self, args) => known(effects, self) ?? apply(native, self, args));

  /**
   * What listeners get that hear a drop or paste before the content script has taken it.
   * @type {WeakMap<DataTransfer, DataTransfer>}
   */
  const blanks = new WeakMap();

  /** @param {Event} event @param {DataTransfer | null} transfer */
  function isTaken(event, transfer) {
    const type = eventType(event);
    if (!transfer || !event.isTrusted || (type !== 'drop' && type !== 'paste')) return false;
    const found = bridge.toArray(filesOf(transfer));
    /** @type {object[]} */
    const files = [];
    for (let at = 0; at < found.length; at++) files[at] = { __proto__: null, name: nameOf(found[at]), type: typeOf(found[at]) };
    return files.length > 0 && bridge.send('takes', { __proto__: null, type, types: typesOf(transfer), files }) === true;
  }

  /**
   * The window of a frame keeps listeners from before its document came: they come before the content script's.
   * @param {Event} event @param {DataTransfer | null} transfer
   */
  function blankIfTaken(event, transfer) {
    if (!isTaken(event, transfer)) return transfer;
    const old = known(blanks, transfer);
    const blank = old ?? new SavedDataTransfer();
    if (!old) remember(blanks, transfer, blank);
    return blank;
  }

  wrapGetter(DragEvent.prototype, 'dataTransfer', (native, self, args) => blankIfTaken(self, apply(native, self, args)));

  // Firefox leaves `clipboardData` of a paste event made by a script empty, whatever it was made with.
  wrapGetter(ClipboardEvent.prototype, 'clipboardData', (native, self, args) =>
    known(pastes, self) ?? blankIfTaken(self, apply(native, self, args)));

  return {
    build,
    /** @param {Event} event @param {DataTransfer} transfer */
    attach(event, transfer) {
      pastes.set(event, transfer);
    },
  };
})();
