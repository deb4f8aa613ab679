import { text } from './words.js';

/** What the daemon should call this browser. */
export function browserName() {
  const agent = navigator.userAgent;
  const browsers = /** @type {const} */ ([['Edg/', 'Edge'], ['OPR/', 'Opera'], ['Firefox/', 'Firefox'], ['Chrome/', 'Chromium']]);
  const systems = /** @type {const} */ ([
    ['Windows', 'Windows'], ['Mac OS', 'macOS'], ['CrOS', 'ChromeOS'], ['Android', 'Android'], ['Linux', 'Linux'],
  ]);
  const pick = (/** @type {ReadonlyArray<readonly [string, string]>} */ list) => list.find(([sign]) => agent.includes(sign))?.[1] ?? '?';
  const [browser, system] = [pick(browsers), pick(systems)];
  // The daemon takes no browser without a name.
  return text('browser_name', browser, system) || `${browser}, ${system}`;
}
