/**
 * What the daemon's report of a photo comes to, on the scale of docs/report.md. Pure.
 */

/** What most platforms do to a photo; the figure that predicted best is taken after it. */
const CHANNEL = 'resize1080_jpeg75';

/** Below each share of strangers that look nearer to the witness, the photo is protected so well. */
const SCALE = /** @type {const} */ ([[0.045, 'little'], [0.115, 'some'], [0.42, 'clear'], [Infinity, 'strong']]);

/** @typedef {Pick<Recent, 'strength' | 'psnr' | 'headline' | 'hidden'>} About */

/** @param {unknown} report @returns {About} only what it really says */
export function aboutOf(report) {
  const { strength, psnr_db: psnr, encoders, assistant } = /** @type {Record<string, unknown>} */ (report ?? {});
  /** @type {About} */
  const about = {};
  const regions = /** @type {Record<string, unknown> | undefined} */ (assistant)?.['regions'];
  if (Array.isArray(regions)) return { hidden: regions.length };
  if (typeof strength === 'string') about.strength = strength.slice(0, 64);
  if (typeof psnr === 'number' && Number.isFinite(psnr)) about.psnr = psnr;
  const share = witnessed(encoders);
  const level = share === undefined ? undefined : SCALE.find(([below]) => share < below)?.[1];
  if (level) about.headline = level;
  return about;
}

/** Mean over the witnesses. @param {unknown} encoders @returns {number | undefined} */
function witnessed(encoders) {
  if (!Array.isArray(encoders)) return undefined;
  const shares = encoders
    .filter((encoder) => encoder?.role === 'witness')
    .map((encoder) => encoder.channels?.[CHANNEL]?.strangers_nearer)
    .filter((share) => typeof share === 'number');
  return shares.length ? shares.reduce((sum, share) => sum + share, 0) / shares.length : undefined;
}
