/**
 * The form by which a folder is added or treated differently.
 */
/** @import { Context, Folder, Persona } from './types.js' */

import { USUAL, folderMethodOptions, personaOptions, strengthOptions } from './choosing.js';
import { troubleOf } from './daemon.js';
import { formDialog } from './dialogs.js';
import { button, fill, fresh, h } from './dom.js';
import { choices, field, select, setError, toggle } from './forms.js';

export const OUTPUTS = [
  {
    value: 'beside',
    text: 'Beside the originals',
    help: 'Copies go into a folder “Protected” inside this one. Your originals stay exactly as they are.',
  },
  {
    value: 'mirror',
    text: 'In another folder',
    help: 'Copies go to a folder of your choice, sorted as here. Your originals stay exactly as they are.',
  },
  {
    value: 'in-place',
    text: 'In place of the originals',
    help: 'The copy takes the original’s place and name. The original goes to the encrypted vault first; one click brings it back.',
  },
];

/** What holds for a folder that nobody said anything about. @type {Partial<Folder>} */
const PLAIN = {
  path: '',
  mirror: '',
  output: 'beside',
  persona: USUAL,
  strength: USUAL,
  recursive: true,
  keep_originals: false,
  polling: 'auto',
};

/** The form's controls and what they say. @param {import('./daemon.js').Daemon} daemon @param {Partial<Folder>} rule @param {Persona[]} personas */
function controls(daemon, rule, personas) {
  const path = pathField(daemon, 'Folder', rule.path ?? '', 'Begin to type; folders of this computer are suggested.');
  const mirror = pathField(daemon, 'Where the copies go', rule.mirror ?? '', 'Outside the watched folder.');
  const persona = select(personaOptions(personas, 'As in the settings'), rule.persona ?? USUAL);
  const strength = select(strengthOptions('As in the settings'), rule.strength ?? USUAL);
  const method = select(folderMethodOptions(), rule.method ?? USUAL);
  const recursive = toggle('Folders inside it, too', rule.recursive === true);
  const keep = toggle('Keep the originals in the vault, too', rule.keep_originals === true, {
    help: 'An encrypted spare copy of each original, within the vault’s limit.',
  });
  const fit = (/** @type {string} */ kind) => {
    mirror.node.hidden = kind !== 'mirror';
    keep.row.hidden = kind === 'in-place';
  };
  const output = choices('Where protected copies go', OUTPUTS, rule.output ?? 'beside', fit);
  fit(output.value());
  const polling = toggle('Look through it regularly', rule.polling === 'always', {
    help: 'For drives that do not tell of changes, such as some network drives.',
  });
  const said = () => ({
    persona: persona.value || null,
    strength: strength.value || null,
    method: method.value || null,
    output: output.value(),
    recursive: recursive.box.checked,
    mirror: output.value() === 'mirror' ? mirror.input.value.trim() : null,
    keep_originals: keep.box.checked,
    polling: polling.box.checked ? 'always' : 'auto',
  });
  const pair = h('div', { class: 'two' }, field('Persona', persona), field('Strength', strength));
  const way = field('What is done', method);
  return { path, mirror, said, nodes: [path.node, output.set, mirror.node, pair, way, recursive.row, keep.row, polling.row] };
}

/** @param {Context} context @param {Folder | undefined} folder @param {Persona[]} personas @param {() => Promise<void>} changed */
export function editFolder({ daemon }, folder, personas, changed) {
  const { path, mirror, said, nodes } = controls(daemon, folder ?? PLAIN, personas);
  const save = () =>
    folder
      ? daemon.ask('folders/change', { folder: folder.folder, ...said() })
      : daemon.ask('folders/add', { path: path.input.value.trim(), ...said() });
  formDialog(folder ? 'Change this folder' : 'Add a folder', (dialog) => {
    const wrong = h('div', { class: 'field-error', role: 'alert' });
    const submit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      const missing = [path, mirror].find(({ node, input }) => !node.hidden && !input.value.trim());
      if (missing) return setError(missing.input, 'Name a folder.');
      try {
        await save();
        dialog.close();
        await changed();
      } catch (error) {
        const { title, reason, remedy } = troubleOf(error);
        fill(wrong, h('strong', {}, `${title}. `), reason, ' ', remedy);
      }
    };
    if (folder) path.input.disabled = true;
    return [
      h(
        'form',
        { onsubmit: submit, noValidate: true },
        ...nodes,
        wrong,
        h(
          'div',
          { class: 'row end' },
          button('Cancel', () => dialog.close()),
          h('button', { type: 'submit', class: 'button main' }, folder ? 'Save' : 'Add this folder'),
        ),
      ),
    ];
  });
}

/**
 * A path with suggestions: a combobox after the ARIA pattern, arrows, Enter and Escape included.
 * @param {import('./daemon.js').Daemon} daemon @param {string} label @param {string} value @param {string} help
 */
function pathField(daemon, label, value, help) {
  const id = fresh('paths');
  const input = h('input', {
    'type': 'text',
    'role': 'combobox',
    'aria-expanded': 'false',
    'aria-controls': id,
    'aria-autocomplete': 'list',
    value,
    'autocomplete': 'off',
    'spellcheck': false,
  });
  const list = h('ul', { id, 'class': 'suggestions', 'role': 'listbox', 'aria-label': 'Folders', 'hidden': true });
  let at = -1;
  let asked = 0;
  const close = () => {
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
    at = -1;
  };
  const take = (/** @type {string} */ path) => {
    input.value = path;
    setError(input);
    close();
    input.focus();
  };
  const offer = (/** @type {string[]} */ paths) => {
    fill(
      list,
      ...paths.map((path, i) =>
        h(
          'li',
          {
            'role': 'option',
            'id': `${id}-${i}`,
            'aria-selected': 'false',
            'onmousedown': (/** @type {Event} */ event) => {
              event.preventDefault();
              take(path);
            },
          },
          path,
        ),
      ),
    );
    at = -1;
    list.hidden = paths.length === 0;
    input.setAttribute('aria-expanded', String(paths.length > 0));
    input.removeAttribute('aria-activedescendant');
  };
  const suggest = async () => {
    const turn = ++asked;
    const told = await daemon.ask('folders/suggest', { prefix: input.value }).catch(() => ({ folders: [] }));
    if (turn === asked && document.activeElement === input)
      offer(told.folders.filter((/** @type {string} */ path) => path !== input.value));
  };
  const mark = (/** @type {number} */ step) => {
    const options = [...list.children];
    at = (at + step + options.length + (at < 0 && step < 0 ? 1 : 0)) % options.length;
    options.forEach((option, i) => option.setAttribute('aria-selected', String(i === at)));
    options[at]?.scrollIntoView({ block: 'nearest' });
    input.setAttribute('aria-activedescendant', `${id}-${at}`);
  };
  input.addEventListener('input', () => {
    setError(input);
    void suggest();
  });
  input.addEventListener('focus', () => void (input.disabled || suggest()));
  input.addEventListener('blur', close);
  input.addEventListener('keydown', (event) => {
    if (list.hidden) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') mark(event.key === 'ArrowDown' ? 1 : -1);
    else if (event.key === 'Enter' && at >= 0) take(list.children[at]?.textContent ?? '');
    else if (event.key === 'Escape') close();
    else return;
    event.preventDefault();
  });
  const node = field(label, input, { help, after: list });
  node.classList.add('combo');
  return { node, input };
}
