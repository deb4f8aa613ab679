/**
 * Sites as people name them. Pure: no page, no daemon.
 */

/** The host of an address as people paste it. @param {string} typed */
export function hostOf(typed) {
  const text = typed.trim();
  try {
    return new URL(/^[a-z]+:\/\//i.test(text) ? text : `https://${text}`).hostname;
  } catch {
    return '';
  }
}
