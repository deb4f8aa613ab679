/**
 * Hold, clear, replay: what is picked in a file input never reaches the page; its protected copy does, a moment later.
 *
 * The browser sets an input's files and fires `input` and `change` in one go, so there is no moment between in which a
 * page could look. The listeners sit on the window in the capture phase from document_start on, so they run before the
 * page's; where a window does not hear an input, they sit on what does. They decide synchronously; everything slow
 * happens after the input has been emptied.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

photoveil.inputs ??= (() => {
  const { background, batch, bridge, files: kinds, forms, listen, roots, site } = photoveil;

  /** Events this script dispatches itself. @type {WeakSet<Event>} */
  const ownEvents = new WeakSet();

  /**
   * One choice in an input: in work, ready, or paused while the card asks; and where the input was at the time.
   * @typedef {{ready?: File[], isPaused: boolean, home: ParentNode | null}} Choice
   */

  /**
   * What was chosen in an input and is still on its way, in the user's order. The page would have heard of each choice;
   * it does, one after the other.
   * @type {WeakMap<HTMLInputElement, Choice[]>}
   */
  const choices = new WeakMap();

  /** @param {HTMLInputElement} input @param {File[]} files */
  function setFiles(input, files) {
    const carrier = new DataTransfer();
    for (const file of files) carrier.items.add(file);
    input.files = carrier.files;
  }

  /** @param {HTMLInputElement} input @param {File[]} files */
  function replay(input, files) {
    setFiles(input, files);
    for (const file of input.files ?? []) batch.own.add(file);
    const paths = files.map(batch.pathOf);
    if (paths.some(Boolean)) bridge.send('paths', paths, input);
    for (const event of [new Event('input', { bubbles: true, composed: true }), new Event('change', { bubbles: true })]) {
      ownEvents.add(event);
      input.dispatchEvent(event);
    }
  }

  /** @param {HTMLInputElement} input @param {File[]} files */
  function give(input, files) {
    replay(input, files);
    if (!isWorking(input)) forms.release(input);
  }

  /**
   * Pages put a new input in the place of one that was used, and draw their forms anew: what was chosen in the old one
   * is for the new one, if it is the only one there of its kind.
   * @param {HTMLInputElement} input @param {ParentNode | null} home
   */
  function heirOf(input, home) {
    if (input.isConnected || !home?.isConnected) return input;
    const [heir, ...others] = Array.from(home.querySelectorAll('input')).filter((other) => isLike(input, other));
    return heir && others.length === 0 ? heir : input;
  }

  /** @param {HTMLInputElement} input @param {HTMLInputElement} other */
  function isLike(input, other) {
    return other.type === 'file' && ['name', 'accept', 'multiple', 'webkitdirectory'].every(
      (name) => input.getAttribute(name) === other.getAttribute(name),
    );
  }

  /** @param {HTMLInputElement} input */
  function isWorking(input) {
    return (choices.get(input) ?? []).some(({ isPaused }) => !isPaused);
  }

  /** Whatever is ready and has nothing in work before it. @param {HTMLInputElement} input */
  function giveReady(input) {
    const waiting = choices.get(input) ?? [];
    const next = waiting.find(({ isPaused }) => !isPaused);
    if (!next?.ready) return;
    waiting.splice(waiting.indexOf(next), 1);
    const heir = heirOf(input, next.home);
    give(heir, next.ready);
    if (heir !== input && !isWorking(input)) forms.forget(input);
    // The page may need a moment to be ready for another choice, as it has between two of a user.
    if (waiting.length > 0) setTimeout(giveReady, 0, input);
  }

  /** @param {HTMLInputElement} input @param {File[]} files */
  function hold(input, files) {
    setFiles(input, []);
    watchAround(input);
    /** @type {Choice} */
    const choice = { isPaused: false, home: input.isConnected ? input.parentNode : null };
    const waiting = choices.get(input) ?? [];
    choices.set(input, waiting);
    waiting.push(choice);
    batch.open(files, {
      onHold() {
        choice.isPaused = false;
        forms.hold(input);
      },
      onPause() {
        choice.isPaused = true;
        if (!isWorking(input)) forms.pause(input);
        giveReady(input);
      },
      onSettled(ready) {
        choice.ready = ready;
        choice.isPaused = false;
        giveReady(input);
      },
      onGivenUp() {
        waiting.splice(waiting.indexOf(choice), 1);
        if (!isWorking(input)) forms.forget(input);
        giveReady(input);
      },
    });
  }

  /** An input that now is in another frame's document: that frame's own content script looks after it. @param {HTMLInputElement} input */
  function isElsewhere(input) {
    return input.isConnected && input.ownerDocument !== document && input.ownerDocument.defaultView !== null;
  }

  /** Whether the page may not hear of what happened in the input. @param {HTMLInputElement} input */
  function take(input) {
    if (isElsewhere(input)) return false;
    const files = Array.from(input.files ?? []);
    if (files.every((file) => batch.own.has(file))) {
      // The `change` that follows a held `input` finds the input already emptied.
      return files.length === 0 && isWorking(input);
    }
    if (!batch.candidates(files)) {
      batch.tell(files);
      return false;
    }
    hold(input, files);
    return true;
  }

  /** @param {Event} event */
  function onPick(event) {
    if (ownEvents.has(event) || (event.isTrusted && event instanceof InputEvent)) return;
    if (takeAll(event.composedPath()[0])) event.stopImmediatePropagation();
  }

  /** Whether there was something to hold at an event's target. @param {unknown} target */
  function takeAll(target) {
    return inputsAt(target).filter(take).length > 0;
  }

  /** An event from a closed shadow tree names the tree's host. @param {unknown} target */
  function inputsAt(target) {
    return roots.isFileInput(target) ? [target] : roots.hiddenInputs(target);
  }

  /** A listener that is there already stays where it is. @param {EventTarget} target */
  function watch(target) {
    target.addEventListener('input', onPick, true);
    target.addEventListener('change', onPick, true);
  }

  /** A node whose events the window may not hear, and the trees it is in. @param {Node} node */
  function watchAround(node) {
    for (const target of [node, ...roots.around(node)]) watch(target);
  }

  /** The user is about to look for a photo: time enough for the daemon to warm up. @param {Event} event */
  function onClick(event) {
    const inputs = inputsAt(event.composedPath()[0]);
    inputs.forEach(watchAround);
    if (event.isTrusted && site.enabled && inputs.some(wantsPhotos)) background.prewarm();
  }

  /** @param {HTMLInputElement} input */
  function wantsPhotos(input) {
    const first = input.accept.split(',')[0]?.trim() ?? '';
    return kinds.isCandidate({ type: first, name: '' });
  }

  listen('input', onPick);
  listen('change', onPick);
  listen('click', onClick);

  bridge.on('watch', (_data, node) => {
    if (node) watchAround(node);
  });
  bridge.on('picked', (_data, node) => takeAll(node));

  return { give };
})();
