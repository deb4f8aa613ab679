/** What the daemon should call this browser. */
export function browserName() {
  const agent = navigator.userAgent;
  const browsers = /** @type {const} */ ([['Edg/', 'Edge'], ['OPR/', 'Opera'], ['Firefox/', 'Firefox'], ['Chrome/', 'Chromium']]);
  const systems = /** @type {const} */ ([
    ['Windows', 'Windows'], ['Mac OS', 'macOS'], ['CrOS', 'ChromeOS'], ['Android', 'Android'], ['Linux', 'Linux'],
  ]);
  const pick = (/** @type {ReadonlyArray<readonly [string, string]>} */ list) => list.find(([sign]) => agent.includes(sign))?.[1] ?? '?';
  return chrome.i18n.getMessage('browser_name', [pick(browsers), pick(systems)]);
}
