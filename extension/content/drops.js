/**
 * Files that are dropped: the drop is held, and happens again with protected files at the same place.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

photoveil.drops ??= (() => {
  const { background, batch, bridge, forms, inputs, insertion, listen, replays, roots, site, transfers } = photoveil;

  /** Whether what is being dragged was picked up in this page. */
  let isFromHere = false;

  /** @param {DragEvent} event @returns {Record<string, unknown>} */
  function whereAndHow({ detail, screenX, screenY, clientX, clientY, ctrlKey, shiftKey, altKey, metaKey, button, buttons }) {
    return { detail, screenX, screenY, clientX, clientY, ctrlKey, shiftKey, altKey, metaKey, button, buttons };
  }

  /**
   * A picture of the page dragged about in the page, as when tiles are put in order: browsers add it as a file, but the
   * page had it all along. A drag from outside brings no markup or address along with its files.
   * @param {readonly string[]} types
   */
  function isPagesOwn(types) {
    return isFromHere && (types.includes('text/html') || types.includes('text/uri-list'));
  }

  /** @param {DragEvent} event */
  function innermostTarget(event) {
    const outer = event.composedPath()[0];
    const { clientX, clientY } = event;
    return outer instanceof Element ? replays.innermost(outer, (root) => root.elementFromPoint(clientX, clientY)) : document.documentElement;
  }

  /** The page may have rebuilt itself meanwhile. @param {Element} target @param {DragEvent} event */
  function stillThere(target, { clientX, clientY }) {
    if (target.isConnected) return target;
    const outer = document.elementFromPoint(clientX, clientY) ?? document.documentElement;
    return replays.innermost(outer, (root) => root.elementFromPoint(clientX, clientY));
  }

  /**
   * The files in a drop, each with its path in the folder it is in, if any.
   * @param {TreeWords} tree @param {File[]} files @param {string} [folder] @returns {Array<{file: File, path: string}>}
   */
  function leaves(tree, files, folder = '') {
    if (tree.children) return tree.children.flatMap((child) => leaves(child, files, `${folder}${tree.name}/`));
    const file = files[tree.file ?? -1];
    return file ? [{ file, path: folder && folder + file.name }] : [];
  }

  /**
   * What a browser does with a drop on an input that the page leaves to it.
   * @param {HTMLInputElement} input @param {ItemWords[]} items @param {File[]} files
   */
  function giveTo(input, items, files) {
    const all = items.flatMap((item) => ('tree' in item ? leaves(item.tree, files) : []));
    const fitting = input.webkitdirectory ? all : all.filter(({ path }) => !path);
    if (input.disabled || fitting.length === 0 || (fitting.length > 1 && !input.multiple && !input.webkitdirectory)) {
      forms.forget(input);
      return;
    }
    for (const { file, path } of fitting) if (path) batch.setPath(file, path);
    inputs.give(input, fitting.map(({ file }) => file));
  }

  /** @param {Event} event */
  function onDrop(event) {
    if (!(event instanceof DragEvent) || !event.dataTransfer || (replays.isRunning && !event.isTrusted)) return;
    const contents = transfers.read(event.dataTransfer);
    if (event.isTrusted && isPagesOwn(event.dataTransfer.types)) return;
    if (!contents.mayHoldPhotos) {
      contents.tell();
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    const target = innermostTarget(event);
    const input = roots.isFileInput(target) ? target : undefined;
    const init = whereAndHow(event);
    const effect = event.dataTransfer.effectAllowed;
    const place = insertion.placeIn(target, { x: event.clientX, y: event.clientY });
    if (input) forms.hold(input);
    void replays.hold(contents, {
      onHold() {
        if (input) forms.hold(input);
      },
      onPause() {
        if (input) forms.pause(input);
      },
      onSettled(items, files) {
        const isTaken = replays.replay({ type: 'drop', init, effect, items }, stillThere(target, event), files);
        if (input && isTaken) forms.forget(input);
        else if (input) giveTo(input, items, files);
        else if (!isTaken) insertion.insert(place, items, files);
      },
      onGivenUp() {
        if (input) forms.forget(input);
        // To the page the drag has left: it puts its "drop here" away.
        replays.replay({ type: 'dragleave', init, effect, items: [] }, stillThere(target, event), []);
      },
    });
  }

  /** Files come into the page: time enough for the daemon to warm up. @param {DragEvent} event */
  function onDragEnter(event) {
    const isFromOutside = event.isTrusted && !isFromHere && event.relatedTarget === null;
    if (isFromOutside && site.enabled && event.dataTransfer?.types.includes('Files')) background.prewarm();
  }

  /** Asked about a drop or paste that a listener of the page hears first: will it be held? */
  bridge.on('takes', ({ type, types, files }) => {
    if (type === 'drop' && isPagesOwn(types)) return false;
    return batch.candidates(files.map((/** @type {{name: string, type: string}} */ file) => new File([], file.name, { type: file.type })));
  });

  listen('drop', onDrop);
  listen('dragenter', onDragEnter);
  listen('dragstart', (event) => {
    isFromHere ||= event.isTrusted;
  });
  // No pointer moves and no key is pressed while something is dragged; `dragend` alone may be missed.
  for (const type of ['dragend', 'pointermove', 'pointerdown', 'mousemove', 'keydown']) {
    listen(type, (event) => {
      if (event.isTrusted) isFromHere = false;
    });
  }
  return { started: true };
})();
