/**
 * A held drop or paste on its way: protect what it brings, then let it happen again in the page's own world.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

photoveil.replays ??= (() => {
  const { batch, bridge, roots } = photoveil;
  let isRunning = false;

  /**
   * The innermost node, where events that listeners hear begin. An event only says so as far as roots are open.
   * @param {Element} outer @param {(root: ShadowRoot) => Element | null} inside
   */
  function innermost(outer, inside) {
    let node = outer;
    for (let root = roots.rootOf(node); root; root = roots.rootOf(node)) {
      const inner = inside(root);
      if (!inner || inner.getRootNode() !== root) break;
      node = inner;
    }
    return node;
  }

  /** An HTML element: no other node crosses the bridge out of a shadow tree. @param {Element} node */
  function crossing(node) {
    /** @type {Element | undefined | null} */
    let at = node;
    while (at && !(at instanceof HTMLElement)) at = at.parentElement ?? /** @type {ShadowRoot} */ (at.getRootNode()).host;
    return at ?? node;
  }

  /** @param {ReplayWords} words @param {Element} target @param {File[]} files @returns {boolean} whether the page took it */
  function replay(words, target, files) {
    isRunning = true;
    try {
      const said = /** @type {{handled?: unknown} | undefined} */ (bridge.send('replay', words, crossing(target), files));
      return said?.handled === true;
    } finally {
      isRunning = false;
    }
  }

  return {
    /** What a script makes while one of ours runs is made of what we gave. */
    get isRunning() {
      return isRunning;
    },
    innermost,
    replay,
    async hold(contents, options) {
      const { items, files } = await contents.unfold();
      const onSettled = (/** @type {File[]} */ ready) => options.onSettled(items, ready);
      if (batch.candidates(files)) batch.open(files, { ...options, onSettled });
      else onSettled(files);
    },
  };
})();
