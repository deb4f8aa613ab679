/**
 * What several pages let the user choose from: personas, strengths, folders.
 */
/** @import { Folder, Persona, Setting } from './types.js' */

import { STRENGTHS } from './words.js';

/** @param {import('./daemon.js').Daemon} daemon @returns {Promise<Persona[]>} */
export async function personasOf(daemon) {
  return (await daemon.ask('personas')).personas;
}

/** @param {import('./daemon.js').Daemon} daemon @returns {Promise<Setting[]>} */
export async function settingsOf(daemon) {
  return (await daemon.ask('settings')).settings;
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

/** @param {string} usual */
export function strengthOptions(usual) {
  return [{ value: USUAL, text: usual }, ...Object.keys(STRENGTHS).map((name) => ({ value: name, text: name }))];
}
