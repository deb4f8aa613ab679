/**
 * A photo's report in plain words. What the figures mean: docs/report.md. Pure: no page, no daemon.
 */
/** @import { EncoderReport, Report, Unlearnable } from './types.js' */

import { percent, size } from './words.js';

/** What most platforms do to a photo; the figure that predicted best is taken after it. */
export const CHANNEL = 'resize1080_jpeg75';

/** @type {Record<string, string>} */
export const CHANNELS = { jpeg75: 'JPEG 75', resize1080_jpeg75: '1080 pixels, JPEG 75', resize540_jpeg75: '540 pixels, JPEG 75' };

/**
 * Mean of `strangers_nearer` after CHANNEL over a role's encoders.
 * @param {EncoderReport[]} encoders @param {string} role @returns {number | undefined}
 */
export function strangers(encoders, role) {
  const found = encoders.filter((encoder) => encoder.role === role).map((encoder) => encoder.channels[CHANNEL]?.strangers_nearer);
  const known = found.filter((share) => typeof share === 'number');
  return known.length ? known.reduce((sum, share) => sum + share, 0) / known.length : undefined;
}

/** The headline, word for word as the daemon's protection/headline.py has it; empty where no encoder knows strangers. @param {Report} report */
export function sentence({ encoders = [] }) {
  const [against, witness] = [strangers(encoders, 'surrogate'), strangers(encoders, 'witness')];
  if (against === undefined) return '';
  if (witness === undefined) return `${percent(against)} of strangers look more like this photo than you do`;
  const first = `To an encoder it was not made against, ${percent(witness)} of strangers look more like this photo than you do`;
  return `${first} (${percent(against)} to those it was)`;
}

/** @typedef {{level: 'little' | 'some' | 'clear' | 'strong', icon: string, title: string, leak: string}} Verdict */

/**
 * Where the figure lies on the benchmark's scale (docs/report.md); `leak`: what attackers then still knew there.
 * @param {number} share 0…1, of the witness @returns {Verdict}
 */
export function verdict(share) {
  if (share < 0.045) return { level: 'little', icon: 'shield-weak', title: 'Little protection', leak: 'more than 90 %' };
  if (share < 0.115) return { level: 'some', icon: 'shield-part', title: 'Some protection', leak: 'about 80 %' };
  if (share < 0.2) return { level: 'clear', icon: 'shield', title: 'Clear protection', leak: 'about 60 %' };
  if (share < 0.42) return { level: 'clear', icon: 'shield', title: 'Clear protection', leak: '38 to 49 %' };
  return { level: 'strong', icon: 'shield', title: 'Strong protection', leak: 'less than 20 %' };
}

/** Shares of the lesson that are left after an upload, 0 none: in photo and words, and in the photo alone. @param {Unlearnable} told */
export function leftToLearn({ answer_loss: alone, answer_loss_with_words: together }) {
  const whole = alone['original'] ?? 0;
  const share = (/** @type {number | undefined} */ loss) => (whole > 0 && loss !== undefined ? Math.max(0, loss / whole) : 1);
  return { together: share(together[CHANNEL]), alone: share(alone[CHANNEL]) };
}

/** What the eye sees of it. @param {Report} report */
export function lookWords({ psnr_db: psnr }) {
  if (psnr >= 99.9) return 'Not a single pixel was changed.';
  if (psnr >= 38) return 'You will hardly find a difference, even side by side.';
  if (psnr >= 34) return 'Beside the original, a faint tint may be told on plain areas.';
  if (psnr >= 31) return 'A slight tint, visible to a trained eye on smooth areas.';
  return 'A look of its own that is meant to be seen.';
}

/** What became of the file. @param {Report} report */
export function fileWords({ original, delivered }) {
  const same = original.format === delivered.format;
  const kind = same
    ? `Still ${delivered.format.toUpperCase()}`
    : `${original.format.toUpperCase()} became ${delivered.format.toUpperCase()}`;
  return `${kind}, ${delivered.width} × ${delivered.height} pixels, ${size(original.bytes)} before and ${size(delivered.bytes)} now.`;
}

/** How certain one can be of it. @param {Report} report */
export function cautionWords({ model_set: models }) {
  if (models !== 'starter') return 'These are measurements on encoders of today, not a promise about tomorrow’s.';
  const starter = 'Made with the starter model set, which is for trying Photoveil out, not for trusting it.';
  return `${starter} Its strangers are drawn people, so for a single real photo the figure says less.`;
}

/** A figure of the table, with the minus of typography. @param {number | null | undefined} value @param {number} [digits] */
export function figure(value, digits = 2) {
  return typeof value === 'number' ? value.toFixed(digits).replace('-', '−') : '–';
}
