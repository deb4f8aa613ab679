/**
 * Settings: as the daemon describes them, each saved at once.
 */
/** @import { Context, Setting, Shown } from '../types.js' */

import { autostartSwitch } from '../autostart.js';
import { troubleOf } from '../daemon.js';
import { button, card, h, link, pill, say } from '../dom.js';
import { choices, field, select, setError, slider, sliderEnds, toggle } from '../forms.js';
import { inline } from '../markdown.js';
import { part } from '../shell.js';
import { updatesRow } from '../updates.js';
import { asSentence } from '../words.js';

/** @type {Record<string, string>} */
const GROUPS = {
  protection: 'Protection',
  assistant: 'AI assistants',
  models: 'Model sets',
  folders: 'Folders',
  desktop: 'Desktop',
  history: 'History',
  storage: 'Space',
  technical: 'Technical',
};

/** After this long without a key a typed value is saved. */
const TYPING_MS = 700;

/** @typedef {{row: HTMLElement, show: (setting: Setting) => void}} Entry */

/** @param {Context} context @returns {Promise<Shown>} */
export default async function settings(context) {
  const { daemon, live, signal } = context;
  const [told, autostart, updates] = await Promise.all([daemon.ask('settings'), daemon.ask('autostart'), daemon.ask('updates')]);
  /** @type {Map<string, Entry>} */
  const entries = new Map();
  const renew = (/** @type {Setting[]} */ all) => all.forEach((setting) => entries.get(setting.name)?.show(setting));
  const save = async (/** @type {string} */ name, /** @type {unknown} */ value) => {
    renew((await daemon.ask('settings/change', { changes: { [name]: value } })).settings);
    say(part('announcer'), 'Saved');
  };
  /** @type {Map<string, HTMLElement[]>} */
  const groups = new Map();
  for (const setting of /** @type {Setting[]} */ (told.settings)) {
    const entry = entryOf(setting, save);
    entries.set(setting.name, entry);
    groups.set(setting.group, [...(groups.get(setting.group) ?? []), entry.row]);
  }
  const ofDesktop = [h('div', { class: 'setting' }, autostartSwitch(daemon, autostart).node), ...(groups.get('desktop') ?? [])];
  groups.set('desktop', [...ofDesktop, updatesRow(context, updates)]);
  live.on(
    ['settings'],
    () =>
      daemon
        .ask('settings')
        .then((now) => renew(now.settings))
        .catch(() => undefined),
    signal,
  );
  return {
    title: 'Settings',
    intro: 'Every change is saved and takes effect at once, unless it says otherwise.',
    content: [
      ...[...groups].map(([group, rows]) => card(GROUPS[group] ?? 'More', ...rows)),
      card(
        'The file',
        h('p', {}, 'All of this lies in a file that you may edit as well; Photoveil notices:'),
        h('p', { class: 'path' }, h('code', {}, told.file)),
        h('p', {}, link('Go through the first steps again', '#/welcome')),
        told.unknown.length > 0 && h('p', { class: 'soft' }, `Nobody knows these entries of it: ${told.unknown.join(', ')}.`),
      ),
    ],
  };
}

/** @param {Setting} setting @param {(name: string, value: unknown) => Promise<void>} save @returns {Entry} */
function entryOf(setting, save) {
  const state = h('p', { class: 'setting-state small' });
  const undo = button('Back to the default', () => void change(null), {
    kind: 'quiet',
    small: true,
    icon: 'restore',
    label: `Back to the default: ${setting.title}`,
  });
  const change = async (/** @type {unknown} */ value) => {
    control.error('');
    try {
      await save(setting.name, value);
      say(state, 'Saved.');
      setTimeout(() => say(state, ''), 2_500);
    } catch (error) {
      const { title, reason, remedy } = troubleOf(error);
      control.error([reason || title, remedy].filter(Boolean).join(' '));
    }
  };
  const control = controlOf(setting, (value) => void change(value));
  const show = (/** @type {Setting} */ now) => {
    control.set(now.value);
    undo.hidden = now.value === now.default;
  };
  show(setting);
  const foot = h('div', { class: 'setting-foot' }, !setting.live && pill('plain', 'Takes effect after a restart', 'info'), undo, state);
  return { row: h('div', { class: 'setting' }, control.node, foot), show };
}

/** @typedef {{node: HTMLElement, set: (value: unknown) => void, error: (text: string) => void}} Edited */

/** @param {Setting} setting @param {(value: unknown) => void} changed @returns {Edited} */
function controlOf(setting, changed) {
  if (setting.kind === 'switch') return switchControl(setting, changed);
  if (setting.name === 'assistant_slider') return sliderControl(setting, changed);
  if (setting.kind === 'choice')
    return setting.meanings && Object.keys(setting.meanings).length > 0
      ? meaningControl(setting, changed)
      : choiceControl(setting, changed);
  return typedControl(setting, changed);
}

/** @param {Setting} setting @param {(value: unknown) => void} changed @returns {Edited} */
function switchControl({ title, help, value }, changed) {
  const { row, box } = toggle(title, value === true, { help, changed });
  const wrong = h('p', { class: 'field-error', role: 'alert' });
  return {
    node: h('div', {}, row, wrong),
    set: (now) => (box.checked = now === true),
    error: (text) => {
      say(wrong, text);
      if (text) box.checked = !box.checked;
    },
  };
}

/** @param {Setting} setting @param {(value: unknown) => void} changed @returns {Edited} */
function choiceControl({ title, help, value, choices: words = [] }, changed) {
  const control = select(words, String(value));
  control.addEventListener('change', () => changed(control.value));
  return { node: field(title, control, { help }), set: (now) => (control.value = String(now)), error: (text) => setError(control, text) };
}

/** @param {Setting} setting @param {(value: unknown) => void} changed @returns {Edited} */
function sliderControl({ title, help, value }, changed) {
  const input = slider(Number(value));
  input.addEventListener('change', () => changed(Number(input.value)));
  return {
    node: field(title, input, { help, after: sliderEnds() }),
    error: (text) => setError(input, text),
    set: (now) => (input.value = String(now)),
  };
}

/** A choice whose words are explained. @param {Setting} setting @param {(value: unknown) => void} changed @returns {Edited} */
function meaningControl({ title, help, value, meanings = {} }, changed) {
  const options = Object.entries(meanings).map(([word, meaning]) => ({ value: word, text: word, help: asSentence(meaning) }));
  const { set } = choices(title, options, String(value), changed);
  set.querySelector('legend')?.after(h('p', { class: 'soft small' }, ...inline(help)));
  const wrong = h('p', { class: 'field-error', role: 'alert' });
  set.append(wrong);
  return {
    node: set,
    error: (text) => say(wrong, text),
    set: (now) => set.querySelectorAll('input').forEach((input) => (input.checked = input.value === now)),
  };
}

/** @param {Setting} setting @param {(value: unknown) => void} changed @returns {Edited} */
function typedControl({ kind, title, help, value, unit, low, high }, changed) {
  const isNumber = kind === 'integer';
  const input = h(
    'input',
    isNumber
      ? { type: 'number', inputMode: 'numeric', min: String(low ?? ''), max: String(high ?? ''), step: '1', value: String(value) }
      : { type: 'text', value: String(value), maxLength: 1000, autocomplete: 'off' },
  );
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let last = String(value);
  const commit = () => {
    clearTimeout(timer);
    if (input.value === last) return;
    if (isNumber && !/^\d+$/.test(input.value.trim()))
      return setError(
        input,
        `Type a whole number${low !== undefined && high !== undefined ? ` from ${low.toLocaleString('en')} to ${high.toLocaleString('en')}` : ''}.`,
      );
    last = input.value;
    changed(isNumber ? Number(input.value) : input.value.trim());
  };
  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(commit, TYPING_MS);
  });
  input.addEventListener('change', commit);
  return {
    node: field(title, input, { help, ...(unit ? { unit } : {}) }),
    error: (text) => setError(input, text),
    set: (now) => {
      if (document.activeElement === input && input.value !== last) return;
      last = String(now);
      if (input.value !== last) input.value = last;
      setError(input);
    },
  };
}
