/**
 * What the user does in a cell, and the elements that most pages have.
 */

/** @typedef {import('../types.js').Act} Act */
/** @typedef {import('../types.js').Sample} Sample */

/** @param {Act} act */
export const choose = ({ user, first, samples }) => user.choose(first, samples.map(({ path }) => path));

/** @param {Act} act */
export const chooseFolder = ({ user, first, folder }) => user.choose(first, [folder]);

/** And press the second element at once. @param {Act} act */
export const chooseThenPress = async (act) => {
  await choose(act);
  await act.user.click(act.second);
};

/** @param {Act} act */
export const drop = ({ user, first, samples }) => user.drop(first, samples.map(({ path }) => path));

/** @param {Act} act */
export const dropFolder = ({ user, first, folder }) => user.drop(first, [folder]);

export const WORDS = { plain: 'a few words', html: '<b>a few words</b>' };

/** @param {Act} act @param {typeof WORDS} [words] */
export const paste = async ({ user, first, samples: [sample] }, words) => {
  if (!sample) throw new Error('nothing to paste');
  await user.copy(sample.bytes, words);
  await user.paste(first);
};

/** @param {Act} act */
export const pasteWithWords = (act) => paste(act, WORDS);

/** @param {Act} act */
export const chooseInPicker = ({ user, first, samples: [sample] }) => user.chooseInPicker(first, sample?.path ?? '');

/** @param {Act} act */
export const chooseFolderInPicker = ({ user, first, folder }) => user.chooseInPicker(first, folder);

/** @param {Act} act */
export const press = async ({ user, first }) => user.click(first);

/** Names as they are in a folder. @param {Sample[]} samples @param {string} folder */
export const inFolder = (samples, folder) => samples.map(({ name }) => `${folder}/${name}`);

/** @type {import('../types.js').Kind[]} */
export const SEVERAL = ['photo', 'text', 'photo', 'photo'];
/** @type {import('../types.js').Kind[]} */
export const ALBUM = ['photo', 'text', 'photo'];

export const INPUT = '<input type="file" class="first" id="input">';
export const NAMED_INPUT = '<input type="file" name="photo" class="first" id="input">';
export const BUTTON = '<button class="first" id="button">Add</button>';
export const ZONE = '<div class="first" id="zone">Drop here</div>';
