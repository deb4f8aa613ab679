/**
 * Files that are pasted: the paste is held, and happens again with protected files. Where the page leaves it to the
 * browser, the picture or the words go into the text as the browser would have put them.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

photoveil.pastes ??= (() => {
  const { insertion, listen, replays, transfers } = photoveil;

  /** @param {Event} event */
  function innermostTarget(event) {
    const outer = event.composedPath()[0];
    return outer instanceof Element ? replays.innermost(outer, (root) => root.activeElement) : document.documentElement;
  }

  /** The page may have rebuilt itself meanwhile. @param {Element} target */
  function stillThere(target) {
    if (target.isConnected) return target;
    return replays.innermost(document.activeElement ?? document.documentElement, (root) => root.activeElement);
  }

  /** @param {Event} event */
  function onPaste(event) {
    if (!(event instanceof ClipboardEvent) || !event.clipboardData || (replays.isRunning && !event.isTrusted)) return;
    const contents = transfers.read(event.clipboardData);
    if (!contents.mayHoldPhotos) {
      contents.tell();
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    const target = innermostTarget(event);
    const effect = event.clipboardData.effectAllowed;
    const place = insertion.placeIn(target);
    const again = (/** @type {ItemWords[]} */ items, /** @type {File[]} */ files) => {
      const now = stillThere(target);
      if (!replays.replay({ type: 'paste', init: {}, effect, items }, now, files)) insertion.insert(place, items, files);
    };
    void replays.hold(contents, {
      onSettled: again,
      onGivenUp() {
        // The words were never in doubt.
        if (contents.words.length > 0) again(contents.words, []);
      },
    });
  }

  listen('paste', onPaste);
  return { started: true };
})();
