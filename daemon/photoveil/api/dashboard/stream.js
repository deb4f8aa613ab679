/**
 * A stream of events, cut into events. Pure: no page, no daemon.
 */
/** @import { LiveEvent } from './types.js' */

/**
 * Cuts a text/event-stream into events; whatever is not complete stays inside until the rest comes.
 * @param {(event: LiveEvent) => void} found
 */
export function splitter(found) {
  let rest = '';
  return (/** @type {string} */ text) => {
    rest += text.replaceAll('\r', '');
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = parse(block);
      if (event) found(event);
    }
  };
}

/** @param {string} block @returns {LiveEvent | undefined} */
function parse(block) {
  let [kind, data] = ['', ''];
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) kind = line.slice(6).trim();
    if (line.startsWith('data:')) data += line.slice(5).trim();
  }
  if (!kind) return undefined;
  try {
    const facts = JSON.parse(data || '{}');
    return typeof facts === 'object' && facts !== null ? { kind, facts } : undefined;
  } catch {
    return undefined;
  }
}
