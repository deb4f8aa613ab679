/**
 * Files that leave in a form which the browser itself sends.
 */
import { NAMED_INPUT, choose, chooseThenPress } from './actions.mjs';

/** @typedef {import('../types.js').Vector} Vector */

/** The answer goes to a frame, so that the page stays. */
const FORM = '<form id="form" method="post" enctype="multipart/form-data" target="answer">';
const END = '</form><iframe name="answer" class="gone"></iframe>';

/** @type {Vector[]} */
export const FORMS = [
  {
    name: 'form sent by its button',
    everywhere: true,
    html: `${FORM}${NAMED_INPUT}<button class="second">Send</button>${END}`,
    wire(root, page) {
      root.getElementById('form').action = `${page.origin}/upload${page.query}`;
    },
    act: chooseThenPress,
  },
  {
    name: 'form with a required photo',
    html: `${FORM}${NAMED_INPUT.replace('>', ' required>')}<button class="second">Send</button>${END}`,
    wire(root, page) {
      root.getElementById('form').action = `${page.origin}/upload${page.query}`;
    },
    act: chooseThenPress,
  },
  {
    name: 'form.submit() by a button',
    everywhere: true,
    html: `${FORM}${NAMED_INPUT}<button type="button" id="send" class="second">Send</button>${END}`,
    wire(root, page) {
      const form = root.getElementById('form');
      form.action = `${page.origin}/upload${page.query}`;
      root.getElementById('send').onclick = () => form.submit();
    },
    act: chooseThenPress,
  },
  {
    name: 'form.submit() on change',
    html: `${FORM}${NAMED_INPUT}${END}`,
    wire(root, page) {
      const form = root.getElementById('form');
      form.action = `${page.origin}/upload${page.query}`;
      root.getElementById('input').addEventListener('change', () => form.submit());
    },
    act: choose,
  },
  {
    name: 'form.requestSubmit() by a button',
    html: `${FORM}${NAMED_INPUT}<button type="button" id="send" class="second">Send</button>${END}`,
    wire(root, page) {
      const form = root.getElementById('form');
      form.action = `${page.origin}/upload${page.query}`;
      root.getElementById('send').onclick = () => form.requestSubmit();
    },
    act: chooseThenPress,
  },
  {
    name: 'form that does not contain its input',
    html: `<form id="form" method="post" enctype="multipart/form-data" target="answer">`
      + `<button class="second">Send</button></form>${NAMED_INPUT.replace('>', ' form="form">')}${END.replace('</form>', '')}`,
    wire(root, page) {
      root.getElementById('form').action = `${page.origin}/upload${page.query}`;
    },
    act: chooseThenPress,
  },
];
