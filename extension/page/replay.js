/**
 * The drop or paste that was held happens again, with protected files: same place, same keys, same words. In the page's
 * own world, as Firefox shows a page nothing of what a content script puts into such an event.
 */
(() => {
  const { bridge, natives, transfers } = photoveilPage;
  const { method } = natives;
  const [SavedDragEvent, SavedClipboardEvent] = [DragEvent, ClipboardEvent];
  const dispatch = method(EventTarget.prototype, 'dispatchEvent');

  /** @param {ReplayWords} words @param {DataTransfer} transfer */
  function eventOf({ type, init }, transfer) {
    const common = { ...init, bubbles: true, cancelable: type !== 'dragleave', composed: true };
    if (type !== 'paste') return new SavedDragEvent(type, { ...common, view: window, dataTransfer: transfer });
    const event = new SavedClipboardEvent(type, { ...common, clipboardData: transfer });
    transfers.attach(event, transfer);
    return event;
  }

  /** @param {TreeWords} words @param {File[]} files @returns {PageTree} */
  function treeOf({ name, file, children }, files) {
    if (children) return { name, children: children.map((child) => treeOf(child, files)) };
    const given = files[/** @type {number} */ (file)];
    // A HEIC photo may have become a JPEG.
    return { name: given?.name ?? name, file: given };
  }

  bridge.on('replay', (/** @type {ReplayWords} */ words, node, files) => {
    const items = words.items.map((item) => ('tree' in item ? { tree: treeOf(item.tree, files) } : item));
    const event = eventOf(words, transfers.build(items, words.effect));
    return { handled: !dispatch(node ?? document, event) };
  });
})();
