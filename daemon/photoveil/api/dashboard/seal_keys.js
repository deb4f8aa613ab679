/**
 * Seal keys: who can take marks off.
 */
/** @import { Context, SealKey } from './types.js' */

import { attempt, confirm, formDialog, toast } from './dialogs.js';
import { troubleOf } from './daemon.js';
import { button, download, fill, h, pill } from './dom.js';
import { field, setError } from './forms.js';
import { icon } from './icons.js';
import { when } from './words.js';

/** @param {Context} context @param {SealKey} key @param {(keys: SealKey[]) => void} changed */
export function keyRow({ daemon }, key, changed) {
  const { name, created, revoked, shared, mine } = key;
  const revoke = async (/** @type {Event} */ event) => {
    const sure = await confirm({
      title: `Seal no more photos for ${name}?`,
      text: 'The key still opens every photo that was sealed for it: what was given away cannot be taken back.',
      more: 'New photos can no longer be sealed for it. This cannot be undone.',
      yes: 'Revoke the key',
    });
    if (sure) await attempt(event.target, async () => changed((await daemon.ask('seal/keys/revoke', { name })).keys));
  };
  const share = (/** @type {Event} */ event) =>
    attempt(event.currentTarget, async () => shareDialog(await daemon.ask('seal/keys/share', { name })));
  return h(
    'li',
    { class: 'item' },
    icon('key'),
    h(
      'div',
      { class: 'grow' },
      h('p', { class: 'item-name' }, name),
      h('p', { class: 'soft small' }, `${mine ? 'your own, for every photo; made' : shared ? 'from someone else; came' : 'made'} ${when(created)}`),
    ),
    revoked && pill('warn', 'Opens older photos only', 'pause'),
    button('Share', share, { small: true, icon: 'pass', act: 'share', label: `Share the key ${name}` }),
    !revoked && !mine && button('Revoke', revoke, { kind: 'quiet', small: true, icon: 'cross', act: 'revoke', label: `Revoke the key ${name}` }),
  );
}

/** @param {{name: string, code: string, file: string}} told */
function shareDialog({ name, code, file }) {
  formDialog(`Share ${name}`, (dialog) => {
    const copied = async (/** @type {Event} */ event) => {
      if (await attempt(event.currentTarget, () => navigator.clipboard.writeText(code))) toast('The code is on the clipboard.');
    };
    const saved = () => download(new Blob([file], { type: 'application/json' }), `${name} seal key.json`);
    return [
      h(
        'p',
        {},
        'Whoever has this code or file sees every photo sealed for this key without its mark, and can pass it on. ',
        'Give it to people you trust.',
      ),
      h('p', { class: 'visually-hidden' }, 'The code:'),
      h('p', { class: 'seal-code' }, code),
      h(
        'div',
        { class: 'row end' },
        button('Copy the code', copied, { icon: 'pass' }),
        button('Save as a file', saved, { icon: 'download' }),
        button('Done', () => dialog.close(), { kind: 'main' }),
      ),
    ];
  });
}

/**
 * A dialog with a form of one question to the daemon.
 * @param {Context} context @param {{title: string, verb: string, ask: () => object, told: string, save: string}} about
 * @param {HTMLInputElement} first gets the error @param {Node[]} fields @param {(keys: SealKey[]) => void} changed
 */
function askDialog({ daemon }, { title, verb, ask, told, save }, first, fields, changed) {
  formDialog(title, (dialog) => {
    const submit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      setError(first);
      try {
        changed((await daemon.ask(verb, ask())).keys);
        dialog.close();
        toast(told);
      } catch (error) {
        const { title: wrong, reason, remedy } = troubleOf(error);
        setError(first, [`${wrong}.`, reason, remedy].filter(Boolean).join(' '));
      }
    };
    return [
      h(
        'form',
        { onsubmit: submit, noValidate: true },
        ...fields,
        h(
          'div',
          { class: 'row end' },
          button('Cancel', () => dialog.close()),
          h('button', { type: 'submit', class: 'button main' }, save),
        ),
      ),
    ];
  });
}

/** @param {Context} context @param {(keys: SealKey[]) => void} changed */
export function createKey(context, changed) {
  const name = h('input', { type: 'text', maxLength: 40, required: true, autocomplete: 'off' });
  const fields = [field('Name', name, { help: 'Of the people it is for: “Family”, “Ada”. Photos sealed for them open with it.' })];
  const about = { title: 'Create a key', verb: 'seal/keys/create', told: 'The key is made.', save: 'Create' };
  askDialog(context, { ...about, ask: () => ({ name: name.value.trim() || ' ' }) }, name, fields, changed);
}

/** @param {Context} context @param {(keys: SealKey[]) => void} changed */
export function importKey(context, changed) {
  const text = h('input', { type: 'text', maxLength: 4096, required: true, autocomplete: 'off', spellcheck: false, placeholder: 'PV1-…' });
  const name = h('input', { type: 'text', maxLength: 40, autocomplete: 'off' });
  const chosen = h('input', { type: 'file', accept: '.json,application/json', class: 'visually-hidden', id: 'choose-key-file' });
  const word = h('span', { class: 'soft small' });
  chosen.addEventListener('change', () => {
    const [file] = chosen.files ?? [];
    void file?.text().then((found) => {
      text.value = found.replace(/\s+/g, ' ').trim();
      fill(word, file.name);
    });
  });
  const fields = [
    field('Code', text, { help: 'As it was given to you. Small slips are noticed.' }),
    h('p', { class: 'row' }, h('label', { class: 'button small', for: 'choose-key-file' }, icon('folder'), chosen, 'Or choose a key file'), word),
    field('Name', name, { help: 'What to call it here, such as the name of whoever gave it to you.' }),
  ];
  const ask = () => ({ text: text.value.trim() || ' ', ...(name.value.trim() ? { name: name.value.trim() } : {}) });
  askDialog(context, { title: 'Add a key', verb: 'seal/keys/import', ask, told: 'The key is kept.', save: 'Add' }, text, fields, changed);
}
