/**
 * How much of a person's attention a way through pages takes, by published models: reading, and operating.
 *
 * Operating: the Keystroke-Level Model (Card, Moran and Newell, "The keystroke-level model for user performance time with
 * interactive systems", Communications of the ACM 23(7), 1980), with the times of its table of operators for somebody who types
 * 40 words a minute. Every press of a button of the mouse counts as a keystroke, as there.
 *
 * Reading: 238 words a minute (Brysbaert, "How many words do we read per minute?", Journal of Memory and Language 109, 2019:
 * silent reading of non-fiction). Every word counts that can be seen without opening anything, labels, names and the code
 * too; a line that was read before, on whatever page, is not read again.
 *
 * The model is about people who know their way and read nothing; its mental operator stands for what they do in their head before a
 * command. Somebody who is led by a page reads instead, and that is counted already. So there are two sums:
 *   `least`: a mental operator where there is something to decide, beside the reading;
 *   `most`: one before every command and every string that is typed, as for those who read nothing, and the reading as well.
 *
 * What is not counted: waiting (downloads, protecting, pages that load) and errors.
 */

/** Seconds of each operator. @type {Record<string, number>} */
export const OPERATORS = {
  /** A key or a button of the mouse, pressed: an average typist. */
  K: 0.28,
  /** Pointing at something with the mouse. */
  P: 1.1,
  /** The hand goes from the mouse to the keys or back. */
  H: 0.4,
  /** Preparing in one's mind. */
  M: 1.35,
};

export const WORDS_A_MINUTE = 238;

/** The texts of a page that can be seen, a line each; not what only a screen reader tells. Runs in the page. */
function shown() {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (!parent?.checkVisibility({ visibilityProperty: true }) || parent.closest('.visually-hidden')) continue;
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    const { width, height, bottom } = range.getBoundingClientRect();
    if (width > 1 && height > 1 && bottom > 0) found.push(walker.currentNode.textContent ?? '');
  }
  return found.join('\n');
}

/** @param {string} text */
const lines = (text) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);

/** @param {string} line */
const count = (line) => line.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;

/** @param {string} operators */
const lasting = (operators) => [...operators].reduce((sum, one) => sum + (OPERATORS[one] ?? 0), 0);

export class Attention {
  /** @type {Array<{what: string, read: string[], operators: string, decisions: number}>} */
  steps = [];
  /** @type {Set<string>} */
  #before = new Set();
  /** @type {string[]} */
  #read = [];
  #operators = '';
  #decisions = 0;

  /** What can be seen of a page now. @param {import('puppeteer-core').Page} page */
  async reads(page) {
    this.readsText(await page.evaluate(shown));
  }

  /** @param {string} text */
  readsText(text) {
    for (const line of lines(text)) {
      if (!this.#before.has(line)) this.#read.push(line);
      this.#before.add(line);
    }
  }

  /** Makes up one's mind. */
  decides() {
    this.#decisions += 1;
  }

  /** Points at a command and presses it. @param {number} [times] */
  presses(times = 1) {
    this.#operators += 'MPK'.repeat(times);
  }

  /** Drags something. */
  drags() {
    this.#operators += 'MPKPK';
  }

  /** Presses keys, like Ctrl and V: from the mouse to the keys and back. @param {number} keys */
  types(keys) {
    this.#operators += `HM${'K'.repeat(keys)}H`;
  }

  /** One thing is done. @param {string} what */
  done(what) {
    this.steps.push({ what, read: this.#read, operators: this.#operators, decisions: this.#decisions });
    this.#read = [];
    this.#operators = '';
    this.#decisions = 0;
  }

  /** Seconds. */
  get sums() {
    const words = this.steps.reduce((sum, step) => sum + count(step.read.join(' ')), 0);
    const decisions = this.steps.reduce((sum, step) => sum + step.decisions, 0);
    const operators = this.steps.map((step) => step.operators).join('');
    const reading = (words / WORDS_A_MINUTE) * 60;
    const most = reading + lasting(operators);
    const least = reading + lasting(operators.replaceAll('M', '')) + decisions * lasting('M');
    return { words, presses: operators.replaceAll(/[^K]/g, '').length, decisions, reading, least, most };
  }
}
