/**
 * Whether Photoveil is at work on this page. It is until storage says otherwise: when in doubt, protect.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

photoveil.site ??= (() => {
  let isOn = true;
  let pausedUntil = 0;
  let isAsleep = false;
  /** @type {'ask' | 'block'} */
  let away = 'ask';
  let isDashboard = false;

  /** The host the user sees in the address bar; a frame's own where the browser does not tell. */
  function visibleHost() {
    try {
      if (window.top) return window.top.location.hostname;
    } catch {
      // Another origin's frame.
    }
    const ancestors = location.ancestorOrigins;
    const top = ancestors?.[ancestors.length - 1];
    return top?.startsWith('http') ? new URL(top).hostname : location.hostname;
  }

  /** The nearest word counts: of the host itself, then of each domain above it. @param {unknown} on @param {unknown} off */
  function isSwitchedOn(on, off) {
    const labels = visibleHost().split('.');
    for (let at = 0; at < labels.length; at++) {
      const domain = labels.slice(at).join('.');
      if (Array.isArray(on) && on.includes(domain)) return true;
      if (Array.isArray(off) && off.includes(domain)) return false;
    }
    return true;
  }

  async function read() {
    /** @type {{on: unknown, off: unknown, pausedUntil: unknown, asleep: unknown, away: unknown}} */
    const stored = await chrome.storage.local.get({ on: [], off: [], pausedUntil: 0, asleep: false, away: 'ask' });
    const wasOn = isOn;
    isOn = isSwitchedOn(stored.on, stored.off);
    pausedUntil = Number(stored.pausedUntil) || 0;
    isAsleep = stored.asleep === true;
    away = stored.away === 'block' ? 'block' : 'ask';
    // The background shows it on the tab's button.
    if (isOn !== wasOn && window === window.top) photoveil.background.tellSite(isOn);
  }

  /** The daemon's own page takes photos in by itself. Until the daemon has proved that it is one, it is a page like any other. */
  async function lookForDashboard() {
    if (location.hostname === '127.0.0.1' && !isDashboard) isDashboard = await photoveil.background.isDashboard();
  }

  void read().then(lookForDashboard);
  // It may have been paired meanwhile, in another tab.
  window.addEventListener('focus', () => void lookForDashboard());
  chrome.storage.onChanged.addListener((changes) => {
    // With the first connection a page that is open already may turn out to be the daemon's.
    if (['on', 'off', 'pausedUntil', 'asleep', 'away'].some((key) => key in changes)) void read().then(lookForDashboard);
  });
  return {
    get enabled() {
      return isOn && !isAsleep && !isDashboard && Date.now() >= pausedUntil;
    },
    get away() {
      return away;
    },
  };
})();
