/**
 * The daemon's `text/event-stream` as events, however the network cuts it. Pure.
 */

/** No event of the daemon comes near this; of a stream that brings more nothing is kept. */
const LONGEST = 64 * 1024;

export class EventParser {
  #decoder = new TextDecoder('utf-8', { fatal: true });
  /** The line that is still coming. */
  #rest = '';
  #kind = '';
  /** @type {string[]} */
  #data = [];

  /**
   * The events that are whole with this chunk. Throws what is no such stream.
   * @param {Uint8Array} chunk @returns {LiveEvent[]}
   */
  push(chunk) {
    // A carriage return at the very end may be half a line break.
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    const events = lines.flatMap((line) => this.#take(line));
    if (this.#data.reduce((size, line) => size + line.length, this.#rest.length) > LONGEST) throw new RangeError('an endless event');
    return events;
  }

  /** @param {string} line @returns {LiveEvent[]} */
  #take(line) {
    if (line === '') return this.#end();
    const [, field, value = ''] = /^([^:]*)(?:: ?([^]*))?$/.exec(line) ?? [];
    if (field === 'event') this.#kind = value;
    if (field === 'data') this.#data.push(value);
    return [];
  }

  /** A blank line: what came since the last one is an event, or was only a comment. @returns {LiveEvent[]} */
  #end() {
    const [kind, data] = [this.#kind, this.#data];
    this.#kind = '';
    this.#data = [];
    if (data.length === 0) return [];
    /** @type {unknown} */
    const facts = JSON.parse(data.join('\n'));
    if (typeof facts !== 'object' || facts === null || Array.isArray(facts)) throw new TypeError('facts are an object');
    return [{ kind: kind || 'message', facts: /** @type {Record<string, unknown>} */ (facts) }];
  }
}
