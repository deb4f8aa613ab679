/**
 * Limits: docs/limits.md as it stands in the repository.
 */
/** @import { Shown } from '../types.js' */

import { DaemonError } from '../daemon.js';
import { h } from '../dom.js';
import { blocks, render } from '../markdown.js';

/** @returns {Promise<Shown>} */
export default async function limits() {
  const response = await fetch('/app/limits.md').catch(() => undefined);
  if (!response?.ok)
    throw new DaemonError('gone', {
      title: 'This page cannot be fetched',
      reason: 'Photoveil does not answer.',
      remedy: 'Start Photoveil and try again.',
    });
  const text = await response.text();
  const title = blocks(text).find(({ kind }) => kind === 'heading');
  return { title: title?.kind === 'heading' ? title.text : 'Limits', content: [h('article', { class: 'card prose' }, ...render(text))] };
}
