/**
 * Personas: whose photos belong together, and how well Photoveil knows them.
 */
/** @import { Context, Persona, Shown } from '../types.js' */

import { USUAL, personasOf, strengthOptions } from '../choosing.js';
import { attempt, confirm, formDialog, toast } from '../dialogs.js';
import { button, empty, h, keepList, pill, troubleBox } from '../dom.js';
import { field, select, setError } from '../forms.js';
import { troubleOf } from '../daemon.js';
import { plural, when } from '../words.js';

const COLOURS = ['blue', 'teal', 'green', 'yellow', 'orange', 'red', 'pink', 'violet'];

const NAME = /^[\p{L}\p{N}_][\p{L}\p{N} _-]{0,39}$/u;

/** @param {Context} context @returns {Promise<Shown>} */
export default async function personas(context) {
  const { daemon, live, signal } = context;
  const list = h('ul', { class: 'cards' });
  const nothing = empty('person', 'Nobody yet', 'A persona appears with its first protected photo.');
  const load = async () => {
    const all = await personasOf(daemon);
    const models = live.overview?.model_set ?? null;
    keepList(
      list,
      all,
      ({ name }) => name,
      (persona) => personaCard(context, persona, models, load),
    );
    nothing.hidden = all.length > 0;
  };
  live.on(['personas', 'settings', 'photo'], () => load().catch(() => undefined), signal);
  if (!live.overview) await live.refresh();
  await load();
  const add = button('Add a persona', () => void editPersona(context, undefined, load), { kind: 'main', icon: 'plus' });
  return {
    title: 'Personas',
    intro:
      'Someone whose photos belong together: you, a child, a friend. All are changed in the same direction, which makes them hard to learn from.',
    actions: [add],
    content: [list, nothing],
  };
}

/** @param {Context} context @param {Persona} persona @param {string | null} models @param {() => Promise<void>} changed */
function personaCard(context, persona, models, changed) {
  const { daemon } = context;
  const { name, colour, current, strength, error } = persona;
  const makeUsual = async (/** @type {Event} */ event) => {
    const went = await attempt(event.currentTarget, () => daemon.ask('settings/change', { changes: { persona: name } }));
    if (went) toast(`New photos count as ${name}’s.`);
    await changed().catch(() => undefined);
  };
  return h(
    'li',
    { class: `card persona colour-${COLOURS.includes(colour ?? '') ? colour : 'none'}` },
    h(
      'div',
      { class: 'persona-head' },
      h('span', { 'class': 'avatar', 'aria-hidden': 'true' }, initial(name)),
      h(
        'div',
        { class: 'grow' },
        h('h2', {}, name),
        h('p', { class: 'soft small' }, `${colour ?? 'no colour'} · ${strength ? `always ${strength}` : 'default strength'}`),
      ),
      current && pill('good', 'Default', 'check'),
    ),
    error ? troubleBox(error) : knowledge(persona, models),
    h(
      'div',
      { class: 'row' },
      !current && button('Make default', makeUsual, { small: true, act: 'default', label: `Make ${name} the default` }),
      button('Change', () => void editPersona(context, persona, changed), {
        small: true,
        icon: 'edit',
        act: 'edit',
        label: `Change ${name}`,
      }),
      button('Forget', () => void forget(context, persona, changed), {
        kind: 'quiet',
        small: true,
        icon: 'trash',
        act: 'forget',
        label: `Forget ${name}`,
      }),
    ),
  );
}

/** @param {string} name */
function initial(name) {
  return [...name.trim()][0]?.toUpperCase() ?? '?';
}

/** How well a persona is known to the encoders in use. @param {Persona} persona @param {string | null} models */
function knowledge({ model_sets: sets = [], changed }, models) {
  const known = sets.find(({ model_set: set }) => set === models);
  const others = sets.filter(({ model_set: set }) => set !== models);
  if (!known || known.photos === 0) {
    return h(
      'div',
      { class: 'knowledge' },
      h('p', {}, others.length ? 'Not known to this model set yet.' : 'No photos known yet.'),
      h('p', { class: 'soft small' }, 'It becomes known with every photo you protect.'),
    );
  }
  const { photos, enough, settled } = known;
  const bar = h('progress', { 'max': enough, 'value': Math.min(photos, enough), 'aria-label': `${photos} of ${enough} photos known` });
  return h(
    'div',
    { class: 'knowledge' },
    h(
      'p',
      {},
      h('strong', {}, plural(photos, 'photo')),
      ' known. ',
      settled
        ? 'Settled: enough to know where clean photos lie.'
        : `Not settled yet: ${plural(Math.max(0, enough - photos), 'more photo')} would help.`,
    ),
    !settled && bar,
    h('p', { class: 'soft small' }, `Last learnt ${when(changed)}.`),
  );
}

/** @param {Context} context @param {Persona} persona @param {() => Promise<void>} changed */
async function forget({ daemon }, { name }, changed) {
  const sure = await confirm({
    title: `Forget ${name}?`,
    text: `What Photoveil learnt from ${name}’s photos is deleted. Protected photos and originals stay as they are.`,
    more: 'Photos protected later will be moved in a new direction, which does not add up with the old one.',
    yes: 'Forget',
  });
  if (!sure) return;
  if (await attempt(null, () => daemon.ask('personas/forget', { name }))) toast(`${name} is forgotten.`);
  await changed().catch(() => undefined);
}

/** @param {Context} context @param {Persona | undefined} persona @param {() => Promise<void>} changed */
function editPersona({ daemon }, persona, changed) {
  const name = h('input', {
    type: 'text',
    value: persona?.name ?? '',
    maxLength: 40,
    required: true,
    autocomplete: 'off',
    disabled: persona !== undefined,
  });
  const strength = select(strengthOptions('As in the settings'), persona?.strength ?? USUAL);
  const colours = colourChoice(persona?.colour ?? 'violet');
  formDialog(persona ? `Change ${persona.name}` : 'Add a persona', (dialog) => {
    const submit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      const called = name.value.trim();
      if (!NAME.test(called)) return setError(name, 'Use 1 to 40 letters, digits, spaces, “-” or “_”.');
      try {
        await daemon.ask('personas/change', { name: called, colour: colours.value(), strength: strength.value || null });
        dialog.close();
        await changed();
      } catch (error) {
        const { title, reason } = troubleOf(error);
        setError(name, `${title}. ${reason}`);
      }
    };
    return [
      h(
        'form',
        { onsubmit: submit, noValidate: true },
        field('Name', name, persona ? {} : { help: 'Letters, digits, spaces, “-” and “_”.' }),
        colours.set,
        field('Strength', strength, {
          help: 'Photos of this persona are protected at this strength, unless a folder or site says otherwise.',
        }),
        h(
          'div',
          { class: 'row end' },
          button('Cancel', () => dialog.close()),
          h('button', { type: 'submit', class: 'button main' }, persona ? 'Save' : 'Add'),
        ),
      ),
    ];
  });
}

/** @param {string} chosen */
function colourChoice(chosen) {
  let value = COLOURS.includes(chosen) ? chosen : 'violet';
  const set = h(
    'fieldset',
    { class: 'swatches' },
    h('legend', {}, 'Colour'),
    ...COLOURS.map((colour) =>
      h(
        'label',
        { class: `swatch colour-${colour}` },
        h('input', { type: 'radio', name: 'colour', value: colour, checked: colour === value, onchange: () => (value = colour) }),
        h('span', {}, colour),
      ),
    ),
  );
  return { set, value: () => value };
}
