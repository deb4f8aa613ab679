/**
 * Listeners on the window, in the capture phase and from document_start on, so that they run before the page's.
 * `document.open()` takes all listeners away, ours too; they are back before the page can add its own.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

photoveil.listen ??= (() => {
  /** @type {Array<[string, (event: any) => void]>} */
  const listeners = [];

  photoveil.bridge.on('reopened', () => {
    // A listener that is still there stays where it is.
    for (const [type, handler] of listeners) window.addEventListener(type, handler, true);
  });

  return (type, handler) => {
    listeners.push([type, handler]);
    window.addEventListener(type, handler, true);
  };
})();
