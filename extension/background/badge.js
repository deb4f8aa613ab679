/**
 * The toolbar button says when the user is needed, and why.
 */

/** Failures that need the user; the others concern one photo and are told in the page. @type {Partial<Record<FailureCode, string>>} */
const REASONS = {
  absent: 'failure_absent_title',
  impostor: 'failure_impostor_title',
  revoked: 'failure_revoked_title',
  locked: 'failure_locked_title',
  stopped: 'failure_stopped_title',
  unpaired: 'failure_unpaired_title',
};

/** @param {FailureCode | undefined} code undefined: all is well */
export async function showState(code) {
  const key = code && REASONS[code];
  if (code && !key) return;
  await chrome.action.setBadgeBackgroundColor({ color: '#b3261e' });
  await chrome.action.setBadgeText({ text: key ? '!' : '' });
  await chrome.action.setTitle({ title: key ? `Photoveil: ${chrome.i18n.getMessage(key)}` : 'Photoveil' });
}
