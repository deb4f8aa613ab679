/**
 * The words, in the user's language.
 *
 * The browser has them. Chromium fetches them once for a process, by way of whatever page of ours needs them first, and when
 * that page is closed in that very moment it knows no word for as long as the process lives. Then they come from our own files.
 */

/** @typedef {{message: string, placeholders?: Record<string, {content: string}>}} Message */

/** The language that has every word: `default_locale` of the manifest. */
const DEFAULT = 'en';

/** Filled in for themselves, values leave gaps that count. */
const GAPS = ['$1', '$2', '$3', '$4', '$5', '$6', '$7', '$8', '$9'];

/** Our own, once they were needed. @type {Record<string, Message>} */
let own = {};

/** @type {Promise<void> | undefined} */
let loading;

/**
 * What is said under this name; '' for a name that nobody knows.
 * @param {string} key @param {Array<string | number>} values
 */
export function text(key, ...values) {
  const said = values.map(String);
  return chrome.i18n.getMessage(key, said) || filled(own[key], said);
}

/** See to it that `text` knows the words; done at once where the browser knows them. It never fails. */
export async function loadWords() {
  if (chrome.i18n.getMessage('language')) return;
  loading ??= readOwn();
  await loading;
}

/** Every word, with its gaps as `$1` to `$9`: for the card in a page whose process has none. @returns {Promise<Record<string, string>>} */
export async function plainWords() {
  loading ??= readOwn();
  await loading;
  return Object.fromEntries(Object.entries(own).map(([key, message]) => [key, filled(message, GAPS)]));
}

async function readOwn() {
  for (const language of candidates(chrome.i18n.getUILanguage())) {
    try {
      const file = await fetch(chrome.runtime.getURL(`_locales/${language}/messages.json`));
      own = /** @type {Record<string, Message>} */ (await file.json());
      return;
    } catch {
      // This language is none of ours; the last one is.
    }
  }
}

/** Where a browser looks for its language's words, best first. @param {string} language as a BCP 47 tag */
export function candidates(language) {
  const [name = '', region = ''] = language.split('-');
  return [...new Set([region ? `${name}_${region.toUpperCase()}` : name, name, DEFAULT])];
}

/**
 * A message with its gaps filled, as browsers do it: `$NAME$` by its placeholder, `$1` by the first value, `$$` by a `$`.
 * @param {Message | undefined} message @param {string[]} values @returns {string}
 */
export function filled(message, values) {
  if (!message) return '';
  /** @type {(words: string) => string} */
  const numbered = (words) => words.replace(/\$([1-9])/g, (_, number) => values[Number(number) - 1] ?? '');
  const gaps = new Map(Object.entries(message.placeholders ?? {}).map(([name, { content }]) => [name.toLowerCase(), content]));
  return message.message.replace(/\$([a-z0-9_@]+)\$|\$[1-9]|\$\$/gi, (gap, name) => (
    name ? numbered(gaps.get(name.toLowerCase()) ?? '') : gap === '$$' ? '$' : numbered(gap)));
}
