/**
 * A cell's page, put together from a page kind and a vector. Their page-side functions travel as their source.
 */
import { KINDS } from './kinds.mjs';
import { VECTORS } from './vectors.mjs';

/** @typedef {import('./types.js').PageKind} PageKind */
/** @typedef {import('./types.js').Vector} Vector */
/** @typedef {{origin: string, elsewhere: string}} Site */

/** Where a vector's elements lie: the first is clicked at FIRST, the second at SECOND. */
const STYLE = '<style>.first, .second { position: fixed; left: 0; width: 300px; height: 100px; box-sizing: border-box; margin: 0; }'
  + ' .first { top: 0; } .second { top: 100px; } .gone { display: none; }</style>';
export const FIRST = { x: 150, y: 50 };
export const SECOND = { x: 150, y: 150 };

/** @param {string} search */
function parts(search) {
  const query = new URLSearchParams(search);
  const vector = VECTORS.find(({ name }) => name === query.get('vector'));
  const kind = KINDS.find(({ name }) => name === query.get('page'));
  if (!vector || !kind) throw new Error(`no such cell: ${search}`);
  return { vector, kind };
}

/** @param {string} search @param {Site} site */
function addressesOf(search, site) {
  const script = `${site.origin}/matrix/script.js${search}`;
  const document = innerDocument(search, site.origin);
  return { inner: `${site.origin}/matrix/inner${search}`, elsewhere: `${site.elsewhere}/matrix/inner${search}`, script, document };
}

/** @param {string} search @param {string} origin */
function innerDocument(search, origin) {
  const { vector } = parts(search);
  const script = `${origin}/matrix/script.js${search}&part=`;
  return `<!doctype html><meta charset="utf-8"><title>inner</title><script src="${script}early"></script>`
    + `<body>${STYLE}${vector.html}<script src="${script}inner"></script>`;
}

/** The page of a cell. @param {string} search @param {Site} site */
export function outerPage(search, site) {
  const { vector, kind } = parts(search);
  const script = `${site.origin}/matrix/script.js${search}&part=`;
  const early = kind.framed ? '' : `<script src="${script}early"></script>`;
  const late = kind.framed ? '' : `<script src="${script}outer"></script>`;
  const inner = kind.framed ? '' : STYLE + vector.html;
  const frames = '<style>body { margin: 0; } iframe, object, embed { position: fixed; inset: 0; width: 100%; height: 100%; border: 0; }</style>';
  const body = kind.body(inner, addressesOf(search, site));
  const head = `<meta charset="utf-8"><title>${kind.name}</title>${frames}${early}`;
  return {
    html: `<!doctype html><html lang="en"><head>${head}</head><body>${body}${late}</body></html>`,
    headers: kind.headers ?? {},
  };
}

/** A cell's page that lies in a frame. @param {string} search @param {Site} site */
export function innerPage(search, site) {
  return innerDocument(search, site.origin);
}

/**
 * What every page can do. Runs in the page.
 * @param {string} origin @param {string} query @returns {import('./types.js').PageSide}
 */
function pageSide(origin, query) {
  return {
    origin,
    query,
    async upload(files, names = []) {
      const form = new FormData();
      let index = 0;
      for (const file of /** @type {Iterable<any>} */ (files ?? [])) {
        if (file) form.append('photo', file, names[index++] ?? (file.webkitRelativePath || file.name));
      }
      await fetch(`${origin}/upload${query}`, { method: 'POST', body: form });
    },
    async say(facts) {
      await fetch(`${origin}/said${query}`, { method: 'POST', body: JSON.stringify(facts) });
    },
    async attempt(work) {
      try {
        await work();
      } catch (error) {
        await this.say({ refused: String(error) });
      }
    },
  };
}

/** @param {Function} method as an object's property, however it was written */
function source(method) {
  const text = method.toString();
  const isPlain = /^(async )?(function\b|\()/.test(text);
  return isPlain ? `(${text})` : `({ ${text} })[${JSON.stringify(method.name)}]`;
}

/** The script of a cell's page. @param {string} search @param {Site} site */
export function scriptOf(search, site) {
  const { vector, kind } = parts(search);
  const query = new URLSearchParams(search);
  const part = query.get('part');
  const page = `(${pageSide})(${JSON.stringify(site.origin)}, ${JSON.stringify(`?cell=${query.get('cell')}`)})`;
  if (part === 'early') return vector.early ? `${source(vector.early)}(${page});` : '';
  const place = part === 'inner' || !kind.place ? 'document' : `await ${source(kind.place)}(window)`;
  const ready = `fetch(${JSON.stringify(`${site.origin}/ready?cell=${query.get('cell')}`)})`;
  return `(async () => { const root = ${place}; await ${source(vector.wire)}(root, ${page}); await ${ready}; })();`;
}
