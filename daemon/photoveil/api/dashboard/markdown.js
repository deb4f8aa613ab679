/**
 * The little Markdown that docs/limits.md is written in: headings, paragraphs, lists, **bold**, *emphasis*, `code`, [links](…).
 */
import { h } from './dom.js';

/** @typedef {{kind: 'heading', level: number, text: string} | {kind: 'paragraph', text: string} | {kind: 'list', items: string[]}} Block */

/** @param {string} text @returns {Block[]} */
export function blocks(text) {
  /** @type {Block[]} */
  const found = [];
  for (const line of text.split('\n').map((whole) => whole.trimEnd())) {
    const last = found.at(-1);
    const begun = begin(line, last);
    if (begun) found.push(begun);
    else if (line && !addItem(line, last) && last) join(last, line.trim());
    if (!line || begun?.kind === 'heading') found.push(END);
  }
  return found.filter((block) => block !== END);
}

/** Between blocks: nothing goes on from here. @type {Block} */
const END = Object.freeze({ kind: 'paragraph', text: '' });

/** The block that a line begins, if it begins one. @param {string} line @param {Block | undefined} last @returns {Block | undefined} */
function begin(line, last) {
  const [, marks, words] = /^(#{1,4})\s+(.+)$/.exec(line) ?? [];
  if (marks && words) return { kind: 'heading', level: marks.length, text: words };
  const [, item] = ITEM.exec(line) ?? [];
  if (item) return last?.kind === 'list' ? undefined : { kind: 'list', items: [item] };
  return line && (!last || last === END) ? { kind: 'paragraph', text: line.trim() } : undefined;
}

const ITEM = /^[-*]\s+(.+)$/;

/** @param {string} line @param {Block | undefined} last @returns {boolean} whether it was one more item of the list */
function addItem(line, last) {
  const [, item] = ITEM.exec(line) ?? [];
  if (!item || last?.kind !== 'list') return false;
  last.items.push(item);
  return true;
}

/** A line that goes on with what the one before began. @param {Block} block @param {string} line */
function join(block, line) {
  if (block.kind === 'list') block.items.push(`${block.items.pop()} ${line}`);
  else block.text += ` ${line}`;
}

/** @typedef {{kind: 'text' | 'strong' | 'em' | 'code' | 'link', text: string}} Span */

/** Links lead to files of the repository, which the dashboard does not have: their words stay.
 * @param {string} text @returns {Span[]} */
export function spans(text) {
  /** @type {Span[]} */
  const found = [];
  const pattern = /\*\*(.+?)\*\*|`([^`]+)`|\[([^\]]+)\]\([^)]*\)|\*([^*\s][^*]*)\*/g;
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > at) found.push({ kind: 'text', text: text.slice(at, match.index) });
    const [, strong, code, label, emphasis] = match;
    if (strong) found.push({ kind: 'strong', text: strong });
    else if (code) found.push({ kind: 'code', text: code });
    else if (label) found.push({ kind: 'link', text: label });
    else if (emphasis) found.push({ kind: 'em', text: emphasis });
    at = match.index + match[0].length;
  }
  if (at < text.length) found.push({ kind: 'text', text: text.slice(at) });
  return found;
}

/** One line of it as nodes. @param {string} text @returns {Array<Node | string>} */
export function inline(text) {
  return spans(text).map((span) => {
    if (span.kind === 'strong') return h('strong', {}, ...inline(span.text));
    if (span.kind === 'em') return h('em', {}, ...inline(span.text));
    return span.kind === 'code' ? h('code', {}, span.text) : span.text;
  });
}

/** The whole text as nodes, its first heading left out: the page has one. @param {string} text @returns {Node[]} */
export function render(text) {
  return blocks(text)
    .filter((block) => block.kind !== 'heading' || block.level > 1)
    .map((block) => {
      if (block.kind === 'list') return h('ul', {}, ...block.items.map((item) => h('li', {}, ...inline(item))));
      if (block.kind === 'paragraph') return h('p', {}, ...inline(block.text));
      return h(block.level === 2 ? 'h2' : 'h3', {}, ...inline(block.text));
    });
}
