/**
 * The small pictures the daemon keeps of finished photos, fetched when they come into view.
 */
import { h } from './dom.js';
import { icon } from './icons.js';

const KEPT = 160;
const AT_ONCE = 3;

export class Pictures {
  /** @type {Map<string, Promise<string>>} */
  #urls = new Map();
  /** @type {Array<() => void>} */
  #line = [];
  #busy = 0;

  /** @param {import('./daemon.js').Daemon} daemon */
  constructor(daemon) {
    this.daemon = daemon;
  }

  /** An address of the preview; rejects where there is none. @param {string} job @param {'before' | 'after'} side @returns {Promise<string>} */
  url(job, side) {
    const key = `${job}/${side}`;
    const known = this.#urls.get(key);
    if (known) {
      this.#urls.delete(key);
      this.#urls.set(key, known);
      return known;
    }
    const fetched = this.#inTurn(() => this.daemon.file('preview', { job, side })).then((blob) => URL.createObjectURL(blob));
    this.#urls.set(key, fetched);
    fetched.catch(() => this.#urls.delete(key));
    this.#trim();
    return fetched;
  }

  #trim() {
    for (const [key, url] of this.#urls) {
      if (this.#urls.size <= KEPT) return;
      this.#urls.delete(key);
      // Whoever shows it has had a minute to draw it.
      url.then(
        (address) => setTimeout(() => URL.revokeObjectURL(address), 60_000),
        () => undefined,
      );
    }
  }

  /** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  async #inTurn(work) {
    if (this.#busy >= AT_ONCE) await new Promise((/** @type {(value: void) => void} */ resolve) => this.#line.push(resolve));
    this.#busy++;
    try {
      return await work();
    } finally {
      this.#busy--;
      this.#line.shift()?.();
    }
  }

  /**
   * A thumbnail that loads when it is seen. It says nothing to screen readers: the name stands beside it.
   * @param {{job: string, previews?: boolean}} job
   */
  thumbnail({ job, previews }) {
    const frame = h('span', { class: 'thumb' }, icon('photo'));
    if (previews) seen(frame, () => this.#show(frame, job));
    return frame;
  }

  /** @param {HTMLElement} frame @param {string} job */
  async #show(frame, job) {
    const src = await this.url(job, 'after').catch(() => '');
    if (src) frame.replaceChildren(h('img', { src, alt: '', decoding: 'async' }));
  }
}

/** @type {WeakMap<Element, () => void>} */
const waiting = new WeakMap();
const watcher = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      watcher.unobserve(target);
      waiting.get(target)?.();
    }
  },
  { rootMargin: '200px' },
);

/** @param {Element} element @param {() => void} act */
function seen(element, act) {
  waiting.set(element, act);
  watcher.observe(element);
}
