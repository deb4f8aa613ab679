/**
 * What a daemon tells somebody who has just installed it.
 */
/** @import { Autostart, Setting, Updates } from '../../../daemon/photoveil/api/dashboard/types.js' */
/** @import { Answer, Household } from './household.mjs' */

/** @returns {Autostart} */
export function autostart() {
  const where = '/home/anna/.config/autostart/photoveil.desktop';
  return { state: 'off', where, command: [], problem: '', by_package: false };
}

/** @returns {Updates} */
export function updates() {
  return { wanted: false, url: '', version: '0.3.0', checked: null, newer: null, error: null };
}

/** @returns {Setting} */
export function updateSetting() {
  return {
    name: 'update_check',
    kind: 'switch',
    value: false,
    default: false,
    live: true,
    group: 'desktop',
    title: 'Tell me about new versions',
    help: 'Whether Photoveil asks about once a week if there is a newer version.',
  };
}

/** Folders that may hold photos, and where the extension lies. */
export function places() {
  return {
    folders: ['/home/anna/Pictures/Camera', '/home/anna/Pictures'],
    extension: {
      chromium: /** @type {string | null} */ ('/usr/share/photoveil/extension/chromium'),
      firefox: /** @type {string | null} */ ('/usr/share/photoveil/extension/photoveil-firefox-0.3.0.xpi'),
      provided: /** @type {Array<'chromium' | 'firefox'>} */ ([]),
    },
  };
}

/** @param {Household} house @returns {Record<string, (question: any) => Answer>} */
export function verbs(house) {
  return {
    'welcome': () => ({ json: { done: house.welcomeDone, ...house.places, autostart: house.autostart, updates: house.updates } }),
    'welcome/done': () => {
      house.welcomeDone = true;
      house.tell('settings');
      return { json: {} };
    },
    'autostart': () => ({ json: house.autostart }),
    'autostart/change': ({ on }) => {
      house.autostart = { ...house.autostart, state: on ? 'on' : 'off', problem: '' };
      return { json: house.autostart };
    },
    'updates': () => ({ json: house.updates }),
    'updates/check': () => {
      const newer = { version: '0.4.0', url: 'https://example.org/photoveil/0.4.0' };
      house.updates = { ...house.updates, checked: new Date().toISOString(), newer };
      house.tell('settings');
      return { json: house.updates };
    },
  };
}
