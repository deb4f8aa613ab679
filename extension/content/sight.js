/**
 * Whether the user can have seen a button before pressing it. A page cannot press the card's buttons, but it can make the
 * user do so unknowingly: by making the card invisible, by moving it under the pointer, by painting over it.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

photoveil.sight ??= (() => {
  /** Nobody reads a card, decides and presses within this time; a double click meant for the page does. */
  const LONG_ENOUGH_MS = 500;

  /** Who was made to press by what lay over the card goes on pressing for a while when that is gone. */
  const AFRESH_MS = 1_200;
  const LOOK_MS = 200;

  /** Smaller than this nobody reads it, and this much of it has to be in view. */
  const LEAST_PX = 16;
  const WHOLE = 0.95;

  /** Nothing but these is painted over a popover and lets presses through: behind a modal dialog nothing can be pressed. */
  const TOP_LAYER = ':popover-open, :fullscreen';

  /** Chromium says by itself whether something is painted over an element or makes it faint, even around its frame. */
  const BROWSER_TELLS = 'isVisible' in IntersectionObserverEntry.prototype;

  /** @param {Document | ShadowRoot} root @returns {Element[]} */
  function topLayer(root) {
    const inner = Array.from(root.querySelectorAll('*'), (element) => photoveil.roots.rootOf(element));
    return [...root.querySelectorAll(TOP_LAYER), ...inner.flatMap((tree) => (tree ? topLayer(tree) : []))];
  }

  /** Since when the card is as it should be, with nothing that might lie over it. @type {number | undefined} */
  let untouchedSince;
  let dress = '';
  /** What was there when the card came on top; worth no second try. @type {Set<Element>} */
  let known = new Set();
  /** Whether the page's popovers were closed for the card to be seen. */
  let wasCleared = false;
  /** Since when each watched button is in view. @type {Map<Element, number | undefined>} */
  const buttons = new Map();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  /** @type {HTMLElement | undefined} */
  let card;
  /** @type {() => string} */
  let restore = () => '';

  /**
   * Which of them lies on top of the card nobody tells, and one that closes and opens again changes its place: as long
   * as there is any, nothing counts as seen.
   */
  function others() {
    return BROWSER_TELLS ? [] : topLayer(document).filter((element) => !(card && element.contains(card)));
  }

  function bringBack() {
    untouchedSince = undefined;
    known = new Set(others());
    dress = restore();
  }

  /**
   * The user has pressed the card and it did not count: what lies around there goes, as it would by itself from a press beside it
   * if it were no popover “manual”. A page that opens it again is as before: nothing counts.
   */
  function clear() {
    for (const element of others()) {
      if (!(element instanceof HTMLElement) || !element.matches(':popover-open')) continue;
      wasCleared = true;
      try {
        element.hidePopover();
      } catch {
        // The page has closed or moved it in that very moment.
      }
    }
  }

  // A popover that comes and goes between two looks lay over the card meanwhile.
  if (!BROWSER_TELLS) {
    photoveil.listen('beforetoggle', (/** @type {ToggleEvent} */ { newState, target }) => {
      if (newState === 'open' && target !== card) untouchedSince = undefined;
    });
  }

  function isAsItWas() {
    return card?.getAttribute('style') === dress && card.matches(':popover-open');
  }

  function look() {
    if (document.visibilityState !== 'visible') {
      untouchedSince = undefined;
      return;
    }
    const there = others();
    if (!isAsItWas() || there.some((element) => !known.has(element))) bringBack();
    else if (there.length > 0) untouchedSince = undefined;
    else untouchedSince ??= performance.now();
  }

  const views = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const isFaint = BROWSER_TELLS && Reflect.get(entry, 'isVisible') !== true;
      const isInView = !isFaint && entry.intersectionRatio >= WHOLE;
      if (buttons.has(entry.target)) buttons.set(entry.target, isInView ? (buttons.get(entry.target) ?? performance.now()) : undefined);
    }
  }, /** @type {IntersectionObserverInit} */ ({ threshold: [0, 0.5, WHOLE, 1], ...(BROWSER_TELLS ? { trackVisibility: true, delay: 100 } : {}) }));

  const changes = new MutationObserver(() => {
    if (!isAsItWas()) look();
  });

  /** @param {HTMLElement} button */
  function isLegible(button) {
    const { width, height } = button.getBoundingClientRect();
    return width >= LEAST_PX && height >= LEAST_PX;
  }

  /** @param {HTMLElement} button */
  function end(button) {
    views.unobserve(button);
    buttons.delete(button);
    if (buttons.size > 0) return;
    changes.disconnect();
    clearInterval(timer);
    timer = undefined;
    wasCleared = false;
  }

  /**
   * Watch a button of the card as long as it is shown; all of a page's are in one element.
   * @param {HTMLElement} host the card's element @param {HTMLElement} button
   * @param {() => string} dressAndRaise dress it and bring it to the top; tells its style as it should be, since a page
   *   hears of it at once and may change it before anybody looks
   */
  function watch(host, button, dressAndRaise) {
    card = host;
    restore = dressAndRaise;
    buttons.set(button, undefined);
    bringBack();
    views.observe(button);
    changes.observe(host, { attributes: true });
    timer ??= setInterval(look, LOOK_MS);
    return {
      /** A press that does not count brings the card to the front, to be seen and pressed again. */
      canHaveSeen() {
        look();
        const since = Math.max(untouchedSince ?? Infinity, buttons.get(button) ?? Infinity);
        const long = wasCleared ? AFRESH_MS : LONG_ENOUGH_MS;
        if (isLegible(button) && performance.now() - since >= long) return true;
        clear();
        bringBack();
        return false;
      },
      end: () => end(button),
    };
  }

  return { watch };
})();
