/**
 * Labelled fields. Every control has a label, its help and its error are tied to it.
 */
import { fresh, h, say } from './dom.js';
import { inline } from './markdown.js';

/** @typedef {{value: string, text: string, help?: string}} Option */
/** @typedef {HTMLInputElement | HTMLSelectElement} Control */

/** @param {Array<string | Option>} options @returns {Option[]} */
function asOptions(options) {
  return options.map((option) => (typeof option === 'string' ? { value: option, text: option } : option));
}

/** @param {Array<string | Option>} options @param {string} value @param {Record<string, unknown>} [properties] */
export function select(options, value, properties = {}) {
  const known = asOptions(options);
  // What is in force is shown even where it is not on the list.
  if (!known.some((option) => option.value === value)) known.push({ value, text: value });
  return h(
    'select',
    properties,
    ...known.map((option) => h('option', { value: option.value, selected: option.value === value }, option.text)),
  );
}

/**
 * A control with its label above it.
 * @param {string} label @param {Control} control @param {{help?: string, unit?: string, after?: Node}} [options]
 */
export function field(label, control, { help, unit, after } = {}) {
  control.id ||= fresh('field');
  const [helpId, errorId] = [`${control.id}-help`, `${control.id}-error`];
  control.setAttribute('aria-describedby', [help && helpId, errorId].filter(Boolean).join(' '));
  return h(
    'div',
    { class: 'field' },
    h('label', { for: control.id }, label),
    help && h('p', { id: helpId, class: 'soft small' }, ...inline(help)),
    h('div', { class: 'control' }, control, unit && h('span', { class: 'unit soft' }, unit), after),
    h('p', { id: errorId, class: 'field-error', role: 'alert' }),
  );
}

/** Tell what is wrong at the field, or take it back. @param {Control} control @param {string} [text] */
export function setError(control, text = '') {
  const box = document.getElementById(`${control.id}-error`);
  if (box) say(box, text);
  if (text) control.setAttribute('aria-invalid', 'true');
  else control.removeAttribute('aria-invalid');
}

/**
 * A switch with its words beside it.
 * @param {string} label @param {boolean} checked
 * @param {{help?: string, changed?: (on: boolean, box: HTMLInputElement) => void, act?: string}} [options]
 */
export function toggle(label, checked, { help, changed, act } = {}) {
  const id = fresh('switch');
  const box = h('input', {
    'type': 'checkbox',
    'role': 'switch',
    id,
    checked,
    'data-act': act,
    'aria-describedby': help && `${id}-help`,
    'onchange': () => changed?.(box.checked, box),
  });
  const row = h(
    'div',
    { class: 'switch-row' },
    box,
    h('div', {}, h('label', { for: id }, label), help && h('p', { id: `${id}-help`, class: 'soft small' }, ...inline(help))),
  );
  return { row, box };
}

/**
 * One of a few, each with its explanation.
 * @param {string} legend @param {Option[]} options @param {string} value @param {(value: string) => void} [changed]
 */
export function choices(legend, options, value, changed) {
  const name = fresh('choice');
  let chosen = value;
  const set = h(
    'fieldset',
    { class: 'choices' },
    h('legend', {}, legend),
    ...options.map((option) => {
      const id = fresh('option');
      return h(
        'div',
        { class: 'choice' },
        h('input', {
          'type': 'radio',
          name,
          id,
          'value': option.value,
          'checked': option.value === value,
          'aria-describedby': option.help && `${id}-help`,
          'onchange': () => {
            chosen = option.value;
            changed?.(chosen);
          },
        }),
        h(
          'div',
          {},
          h('label', { for: id }, option.text),
          option.help && h('p', { id: `${id}-help`, class: 'soft small' }, ...inline(option.help)),
        ),
      );
    }),
  );
  return { set, value: () => chosen };
}

/** From the most useful to the most private copy for an AI assistant. @param {number} value */
export function slider(value) {
  const words = () => `${input.value}: ${Number(input.value) < 35 ? 'more useful' : Number(input.value) > 65 ? 'more private' : 'the best of both'}`;
  const tell = () => input.setAttribute('aria-valuetext', words());
  const input = h('input', { type: 'range', min: '0', max: '100', step: '5', value: String(value), class: 'slider', oninput: tell });
  tell();
  return input;
}

/** What a slider's ends mean. */
export function sliderEnds() {
  return h('div', { 'class': 'slider-ends soft small', 'aria-hidden': 'true' }, h('span', {}, 'more useful'), h('span', {}, 'more private'));
}
