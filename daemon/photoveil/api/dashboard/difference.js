/**
 * What protection changed in a picture, made visible. Pure: no page, no daemon.
 */
export const TIMES = 10;

/**
 * The change of each value, `times` as large around middle grey: grey is unchanged, brighter is more, darker is less.
 * Pure. @param {Uint8ClampedArray} before RGBA @param {Uint8ClampedArray} after RGBA @param {number} [times]
 */
export function difference(before, after, times = TIMES) {
  const shown = new Uint8ClampedArray(before.length);
  for (let i = 0; i < shown.length; i++) {
    shown[i] = i % 4 === 3 ? 255 : 128 + times * ((after[i] ?? 0) - (before[i] ?? 0));
  }
  return shown;
}
