/**
 * What the dashboard is told about photos made unlearnable.
 */
/** @import { Job, Report, Setting, Unlearnable } from '../../../daemon/photoveil/api/dashboard/types.js' */

/** @param {Partial<Unlearnable>} [more] @returns {Unlearnable} */
export function unlearnable(more = {}) {
  return {
    model: 'Qwen2.5-VL-3B-Instruct',
    words: 'evening blue yellow harbour paper',
    epsilon: 8,
    answer_loss: { original: 4.2, as_delivered: 2.6, jpeg75: 2.8, resize1080_jpeg75: 2.94, resize540_jpeg75: 3.1 },
    answer_loss_with_words: { as_delivered: 0.7, jpeg75: 0.8, resize1080_jpeg75: 0.84, resize540_jpeg75: 1.1 },
    witnesses: [{ name: 'starter-regnet', cosine: { as_delivered: 0.98, jpeg75: 0.98, resize1080_jpeg75: 0.98, resize540_jpeg75: 0.99 } }],
    ...more,
  };
}

/** A finished photo as if it had been made unlearnable. @param {Job} job @returns {Job} */
export function madeUnlearnable(job) {
  const method = 'unlearnable';
  const report = /** @type {Report} */ ({ ...job.report, method, encoders: [], psnr_db: 31.2, unlearnable: unlearnable() });
  return { ...job, method, report };
}

/** @type {Setting} */
export const OWN_MODEL = {
  name: 'unlearnable_model',
  kind: 'text',
  value: '',
  default: '',
  live: true,
  group: 'models',
  title: 'Folder of a vision-language model',
  help: 'For the method “unlearnable”: a folder with a vision-language model in the form of transformers.',
};
