/**
 * What the dashboard is told about photos for AI assistants.
 */
/** @import { Hidden, Job, Report, Setting } from '../../../daemon/photoveil/api/dashboard/types.js' */

export { OWN_MODEL, madeUnlearnable } from './unlearnable.mjs';

/** What was hidden on a photo for an AI assistant. @param {Partial<Hidden>} [more] @returns {Hidden} */
export function hidden(more = {}) {
  return {
    slider: 50,
    regions: [
      { kind: 'face', box: [0.32, 0.06, 0.56, 0.34], score: 0.5 },
      { kind: 'face', box: [0.7, 0.1, 0.8, 0.3], score: 0.5 },
      { kind: 'code', box: [0.8, 0.6, 0.94, 0.9], score: 0.9 },
    ],
    queries: 10,
    asked: null,
    recognised_by_witnesses: 0.04,
    agreement: 0.93,
    answers_kept: null,
    parameters: {
      regions: { face: { style: 'blur', strength: 0.9, margin: 0.2 }, code: { style: 'pixelate', strength: 1, margin: 0.5 } },
      downscale: 0,
      noise: 0,
      tone: 0.2,
    },
    ...more,
  };
}

/** A finished photo as if it had been made for an assistant. @param {Job} job @returns {Job} */
export function forAssistant(job) {
  const way = { method: 'assistant', strength: '50' };
  const report = /** @type {Report} */ ({ ...job.report, ...way, encoders: [], psnr_db: 19.4, assistant: hidden() });
  return { ...job, ...way, report };
}

/** @type {Setting} */
export const SLIDER = {
  name: 'assistant_slider',
  kind: 'integer',
  value: 70,
  default: 50,
  live: true,
  group: 'assistant',
  title: 'Useful or private',
  help: 'How far private things are hidden on photos for AI assistants such as ChatGPT.',
  low: 0,
  high: 100,
};
