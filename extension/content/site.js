/**
 * Whether Photoveil is on for this page. On until storage says otherwise: when in doubt, protect.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

photoveil.site ??= (() => {
  let enabled = true;

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

  async function read() {
    const { off } = await chrome.storage.local.get({ off: [] });
    const host = visibleHost();
    enabled = !(Array.isArray(off) && off.some((domain) => host === domain || host.endsWith(`.${domain}`)));
  }

  void read();
  chrome.storage.onChanged.addListener((changes) => {
    if ('off' in changes) void read();
  });
  return {
    get enabled() {
      return enabled;
    },
  };
})();
