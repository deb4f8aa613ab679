/**
 * Whether people can read a page and reach what is on it. These run inside the page.
 */
/* global document, getComputedStyle, NodeFilter */

/**
 * At once where every change of colour leads to; waiting for it would be in vain in a page that is not drawn, and for
 * what never ends.
 */
export function comeToRest() {
  for (const animation of document.getAnimations()) {
    if (animation.effect?.getComputedTiming().endTime !== Infinity) animation.finish();
  }
}

/** What WCAG 2.2 asks of text of ordinary size (AA). Words with less contrast, with their ratio. @returns {string[]} */
export function faintWords() {
  const LEAST = 4.5;
  /** @param {string} colour */
  const parse = (colour) => {
    const [r = 0, g = 0, b = 0, alpha = 1] = (colour.match(/[\d.]+/g) ?? []).map(Number);
    return { rgb: [r, g, b], alpha };
  };
  /** @param {number[]} rgb */
  const luminance = (rgb) => {
    const [r = 0, g = 0, b = 0] = rgb.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  /** @param {Element | null} element @returns {number[]} */
  const ground = (element) => {
    if (!element) return [255, 255, 255];
    const { rgb, alpha } = parse(getComputedStyle(element).backgroundColor);
    if (alpha === 1) return rgb;
    const below = ground(element.parentElement);
    return rgb.map((value, index) => value * alpha + (below[index] ?? 0) * (1 - alpha));
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const words = walker.currentNode.nodeValue?.trim();
    if (!words || !element?.checkVisibility()) continue;
    const [light = 0, dark = 0] = [luminance(parse(getComputedStyle(element).color).rgb), luminance(ground(element))].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < LEAST) found.push(`${words.slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return found;
}

/** Parts whose contents are wider than they are, but for names that end in an ellipsis. @returns {string[]} */
export function wideParts() {
  /** @param {Element} part */
  const isCut = (part) => part.clientWidth > 0 && part.scrollWidth > part.clientWidth + 1 && !part.matches('.name, select, input');
  const parts = [...document.querySelectorAll('html, body, body *')].filter((part) => part.checkVisibility() && isCut(part));
  return parts.map((part) => `${part.localName}#${part.id} “${part.textContent?.trim().slice(0, 40)}”`);
}

/** What can be operated and is not called anything. @returns {string[]} */
export function namelessControls() {
  const controls = [...document.querySelectorAll('button, input, select, summary, a[href], progress')].filter((one) => one.checkVisibility());
  const isNamed = (/** @type {Element} */ one) => {
    const labels = /** @type {HTMLInputElement} */ (one).labels ?? [];
    const others = (one.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id));
    const own = [one.getAttribute('aria-label'), one.matches('button, summary, a') ? one.textContent : ''];
    return [...own, ...[...labels, ...others].map((label) => label?.textContent)].some((text) => text?.trim());
  };
  return controls.filter((one) => !isNamed(one)).map((one) => `${one.localName}#${one.id}`);
}
