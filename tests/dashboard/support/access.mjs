/**
 * What a page owes to those who cannot see it or cannot use a mouse. Each check runs in the page and tells what is wrong.
 */

/** Controls, pictures and meters have a name. @returns {string[]} */
function unnamed() {
  const textOf = (/** @type {Iterable<Element | null>} */ elements) => [...elements].map((one) => one?.textContent ?? '').join('');
  const nameOf = (/** @type {Element} */ element) => {
    const labels = document.querySelectorAll(`label[for="${CSS.escape(element.id || '-')}"]`);
    const ids = (element.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id));
    const alt = [...element.querySelectorAll('img')].map((image) => image.alt).join('');
    return `${element.getAttribute('aria-label') ?? ''}${textOf(labels)}${textOf(ids)}${textOf([element, element.closest('label')])}${alt}`.trim();
  };
  const named = document.querySelectorAll('a, button, input, select, meter, progress, [role="img"], dialog, nav, summary');
  const bare = [...named].filter((element) => element.checkVisibility() && !nameOf(element));
  return [...bare, ...document.querySelectorAll('img:not([alt])')].map((element) => `no name: ${element.outerHTML.slice(0, 120)}`);
}

/** One heading of the first level, and no level left out. @returns {string[]} */
function headings() {
  const levels = [...document.querySelectorAll('h1, h2, h3, h4')]
    .filter((one) => one.checkVisibility())
    .map((one) => Number(one.tagName[1]));
  const jumps = levels.filter((level, i) => level > (levels[i - 1] ?? 0) + 1);
  const ones = levels.filter((level) => level === 1).length;
  return [...(jumps.length ? [`a level is left out: ${levels}`] : []), ...(ones === 1 ? [] : [`${ones} headings of the first level`])];
}

/** What refers to another element finds it, and ids are there once. @returns {string[]} */
function references() {
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
  const lost = ['aria-labelledby', 'aria-describedby', 'aria-controls', 'for'].flatMap((attribute) =>
    [...document.querySelectorAll(`[${attribute}]`)].flatMap((element) => (element.getAttribute(attribute) ?? '').split(' ')),
  );
  return [
    ...lost.filter((id) => !ids.includes(id)).map((id) => `leads nowhere: ${id}`),
    ...ids.filter((id, i) => ids.indexOf(id) !== i).map((id) => `twice: ${id}`),
  ];
}

/** Lists hold entries; there is one main part; nothing is styled by markup. @returns {string[]} */
function structure() {
  const strays = [...document.querySelectorAll(':is(ul, ol) > :not(li)')].map(
    (element) => `not an entry: ${element.outerHTML.slice(0, 120)}`,
  );
  // Script sets custom properties alone; a style that came as markup would have been refused by the policy.
  const styled = [...document.querySelectorAll('[style]')].filter(
    (one) => !/^(--[a-z]+: [^;]+; ?)+$/.test(one.getAttribute('style') ?? ''),
  );
  const mains = document.querySelectorAll('main, nav, header').length === 3 ? [] : ['main, nav and header are there once each'];
  return [...strays, ...styled.map((element) => `a style: ${element.outerHTML.slice(0, 120)}`), ...mains];
}

/** Nothing is cut off at the side. @returns {string[]} */
function width() {
  if (document.documentElement.scrollWidth <= document.documentElement.clientWidth) return [];
  const wide = [...document.querySelectorAll('body *')].filter(
    (one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1,
  );
  return wide.slice(0, 3).map((element) => `wider than the window: ${element.outerHTML.slice(0, 120)}`);
}

/** Every visible text has a contrast of 4.5 : 1, or 3 : 1 where it is large. @returns {string[]} */
function faint() {
  const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const luminanceOf = (/** @type {string[]} */ layers) => {
    for (const layer of ['#fff', ...layers]) {
      if (context) context.fillStyle = layer;
      context?.fillRect(0, 0, 1, 1);
    }
    const rgb = [...(context?.getImageData(0, 0, 1, 1).data ?? [])].map((value) => value / 255);
    const [r = 0, g = 0, b = 0] = rgb.map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrastOf = (/** @type {Element} */ element) => {
    const layers = [];
    for (let at = /** @type {Element | null} */ (element); at; at = at.parentElement) layers.unshift(getComputedStyle(at).backgroundColor);
    const [ground, ink] = [luminanceOf(layers), luminanceOf([...layers, getComputedStyle(element).color])];
    return (Math.max(ground, ink) + 0.05) / (Math.min(ground, ink) + 0.05);
  };
  const isLarge = (/** @type {Element} */ element) => {
    const { fontSize, fontWeight } = getComputedStyle(element);
    return parseFloat(fontSize) >= (Number(fontWeight) >= 700 ? 18.66 : 24);
  };
  const isShown = (/** @type {Element} */ element) => element.checkVisibility() && !element.closest('noscript, :disabled, .compare-tag');
  const holders = [...document.querySelectorAll('body *')].filter((element) =>
    [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim()),
  );
  const weak = holders.filter((element) => isShown(element) && contrastOf(element) < (isLarge(element) ? 3 : 4.5));
  return weak.map(
    (element) => `${contrastOf(element).toFixed(2)} : 1 for “${element.textContent?.trim().slice(0, 40)}” (${element.className})`,
  );
}

/** Until nothing moves or changes its colour, but for what never stops. */
function atRest() {
  const ending = document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity);
  const late = new Promise((resolve) => setTimeout(resolve, 10_000)); // nothing comes to rest in a page that is not drawn
  return Promise.race([late, Promise.all(ending.map(({ finished }) => finished.catch(() => undefined)))]).then(() => undefined);
}

/** @param {import('puppeteer-core').Page} page @returns {Promise<string[]>} what is wrong with it */
export async function inspect(page) {
  await page.evaluate(atRest);
  const found = [];
  for (const check of [unnamed, headings, references, structure, width, faint]) found.push(...(await page.evaluate(check)));
  return found;
}
