/**
 * What several pages let the user choose from: personas, strengths, folders.
 */
/** @import { Folder, Persona, Setting } from './types.js' */

import { STRENGTHS } from './words.js';

/** @param {import('./daemon.js').Daemon} daemon @returns {Promise<Persona[]>} */
export async function personasOf(daemon) {
  return (await daemon.ask('personas')).personas;
}

/** @param {import('./daemon.js').Daemon} daemon @param {AbortSignal} [signal] @returns {Promise<Setting[]>} */
export async function settingsOf(daemon, signal) {
  return (await daemon.ask('settings', {}, { signal })).settings;
}

/** @param {import('./daemon.js').Daemon} daemon @returns {Promise<Map<string, string>>} paths by id */
export async function folderPaths(daemon) {
  /** @type {Folder[]} */
  const folders = (await daemon.ask('folders')).folders;
  return new Map(folders.map(({ folder, path }) => [folder, path]));
}

export const USUAL = '';

/** “As in the settings” first, then everyone. @param {Persona[]} personas @param {string} usual */
export function personaOptions(personas, usual) {
  return [{ value: USUAL, text: usual }, ...personas.map(({ name }) => ({ value: name, text: name }))];
}

/** @type {Record<string, string>} */
export const METHODS = { antithetical: 'Protect the photo', assistant: 'Hide private things', unlearnable: 'Make it unlearnable' };

/** Methods that a folder's photos may be protected by. */
export function folderMethodOptions() {
  return [
    { value: USUAL, text: 'As usual: protect' },
    { value: 'unlearnable', text: `${METHODS['unlearnable']} (needs a model of yours, see the settings)` },
  ];
}

export function methodOptions() {
  const usual = { value: USUAL, text: 'As usual: hide on sites of AI assistants, else protect' };
  return [usual, ...Object.entries(METHODS).map(([value, text]) => ({ value, text }))];
}

/** @param {string} usual */
export function strengthOptions(usual) {
  return [{ value: USUAL, text: usual }, ...Object.keys(STRENGTHS).map((name) => ({ value: name, text: name }))];
}
