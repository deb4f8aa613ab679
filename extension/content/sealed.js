/**
 * Clean pictures over sealed ones. Started in a tab only when the user asks for it in the popup. Each lies on a canvas in a
 * closed shadow root: the page sees that something covers its picture, and can read nothing of it.
 */
globalThis.photoveilSealed ??= (() => {
  /** Smaller ones are icons and portraits of a thumb's size, in which no seal survives. */
  const LEAST_SHOWN = 100;
  const LEAST_SIDE = 240;
  const MOST = 60;
  const SVG = 'http://www.w3.org/2000/svg';

  /** @typedef {{image: HTMLImageElement, url: string, host: HTMLElement, canvas: HTMLCanvasElement, told: string}} Cover */

  /** What was found last, by its id. @type {Map<string, {image: HTMLImageElement, url: string}>} */
  const found = new Map();
  /** @type {Map<HTMLImageElement, Cover>} */
  const covers = new Map();
  let count = 0;
  let isMoving = false;

  /** @param {HTMLImageElement} image */
  function isWorthIt(image) {
    const { width, height } = image.getBoundingClientRect();
    const isShown = Math.min(width, height) >= LEAST_SHOWN && image.checkVisibility();
    const isLarge = Math.max(image.naturalWidth, image.naturalHeight) >= LEAST_SIDE;
    return isShown && isLarge && /^https?:/.test(image.currentSrc) && !covers.has(image);
  }

  /** How far a picture is from what the user sees. @param {HTMLImageElement} image */
  function distance(image) {
    const { top, bottom } = image.getBoundingClientRect();
    return Math.max(0, top - innerHeight, -bottom);
  }

  /** @returns {SealedPicture[]} those in view first */
  function list() {
    found.clear();
    const images = [...document.images].filter(isWorthIt).sort((a, b) => distance(a) - distance(b));
    for (const image of images.slice(0, MOST)) found.set(String(++count), { image, url: image.currentSrc });
    return [...found].map(([id, { url }]) => ({ id, url }));
  }

  /** @param {{id: string, url: string, blob: Blob}} clean */
  async function draw({ id, url, blob }) {
    const { image } = found.get(id) ?? {};
    if (!image?.isConnected || image.currentSrc !== url) return;
    const wide = Math.ceil(image.getBoundingClientRect().width * devicePixelRatio);
    const whole = await createImageBitmap(blob);
    // A canvas as fine as the screen is enough; photos may be far finer.
    const fits = whole.width <= 2 * wide;
    const picture = fits ? whole : await createImageBitmap(whole, { resizeWidth: 2 * wide, resizeQuality: 'high' });
    cover(image, url, picture);
    if (!fits) whole.close();
    picture.close();
  }

  /** @param {HTMLImageElement} image @param {string} url @param {ImageBitmap} picture */
  function cover(image, url, picture) {
    covers.get(image)?.host.remove();
    const host = document.createElement('div');
    const root = host.attachShadow({ mode: 'closed' });
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width: picture.width, height: picture.height });
    canvas.getContext('2d')?.drawImage(picture, 0, 0);
    root.append(canvas, badge());
    dress(host, { all: 'initial', position: 'absolute', left: '0', top: '0', 'pointer-events': 'none' });
    covers.set(image, { image, url, host, canvas, told: '' });
    (image.closest('picture') ?? image).after(host);
    follow();
  }

  /** @param {HTMLElement | SVGElement} element @param {Record<string, string>} style */
  function dress(element, style) {
    for (const [name, value] of Object.entries(style)) element.style.setProperty(name, value, 'important');
  }

  /** So that nobody takes the clean picture for what is posted. */
  function badge() {
    const svg = document.createElementNS(SVG, 'svg');
    svg.setAttribute('viewBox', '0 0 24 24');
    const shape = document.createElementNS(SVG, 'path');
    shape.setAttribute('d', 'M7 11V8a5 5 0 0 1 9.6-2M6 11h12v9H6z');
    shape.setAttribute('fill', 'none');
    shape.setAttribute('stroke', '#fff');
    shape.setAttribute('stroke-width', '2');
    svg.append(shape);
    dress(svg, {
      'position': 'absolute', 'left': '8px', 'top': '8px', 'width': '24px', 'height': '24px', 'padding': '5px', 'box-sizing': 'border-box',
      'border-radius': '50%', 'background': '#5b45e0', 'box-shadow': '0 1px 4px rgb(0 0 0 / 40%)',
    });
    return svg;
  }

  /** Keep every cover on its picture, as long as there are any; a picture that changes loses its. */
  function follow() {
    if (isMoving) return;
    isMoving = true;
    const step = () => {
      for (const one of covers.values()) place(one);
      isMoving = covers.size > 0;
      if (isMoving) requestAnimationFrame(step);
    };
    step();
  }

  /** @param {Cover} one */
  function place(one) {
    const { image, url, host, canvas } = one;
    if (!image.isConnected || !host.isConnected || image.currentSrc !== url) {
      host.remove();
      covers.delete(image);
      return;
    }
    const { zIndex, borderRadius, opacity, objectFit, objectPosition } = getComputedStyle(image);
    const look = {
      ...placeOf(image, host), overflow: 'hidden', 'z-index': zIndex, 'border-radius': borderRadius, opacity,
      display: image.checkVisibility() ? 'block' : 'none',
    };
    const fit = { display: 'block', width: '100%', height: '100%', 'object-fit': objectFit, 'object-position': objectPosition };
    const told = JSON.stringify([look, fit]);
    if (told === one.told) return;
    one.told = told;
    dress(host, look);
    dress(canvas, fit);
  }

  /**
   * Where the host has to be to lie on the picture without its border, in its own measure.
   * @param {HTMLImageElement} image @param {HTMLElement} host
   */
  function placeOf(image, host) {
    const style = getComputedStyle(image);
    const inner = (/** @type {string} */ side) => (
      (parseFloat(style.getPropertyValue(`border-${side}-width`)) || 0) + (parseFloat(style.getPropertyValue(`padding-${side}`)) || 0));
    const [wanted, now] = [image.getBoundingClientRect(), host.getBoundingClientRect()];
    const zoom = image.offsetWidth ? wanted.width / image.offsetWidth : 1;
    const px = (/** @type {number} */ value) => `${Math.round(value * 100) / 100}px`;
    return {
      left: px((parseFloat(host.style.left) || 0) + (wanted.left - now.left) / zoom + inner('left')),
      top: px((parseFloat(host.style.top) || 0) + (wanted.top - now.top) / zoom + inner('top')),
      width: px(wanted.width / zoom - inner('left') - inner('right')),
      height: px(wanted.height / zoom - inner('top') - inner('bottom')),
    };
  }

  function hide() {
    for (const { host } of covers.values()) host.remove();
    covers.clear();
  }

  chrome.runtime.onMessage.addListener((/** @type {SealedRequest} */ message, sender, sendResponse) => {
    // Only the background sends messages without a tab of their own.
    if (sender.id !== chrome.runtime.id || sender.tab) return undefined;
    switch (message.kind) {
      case 'sealed-list':
        sendResponse(list());
        return undefined;
      case 'sealed-draw':
        void draw(message).then(() => sendResponse(true), () => sendResponse(false));
        return true;
      case 'sealed-hide':
        hide();
        sendResponse(0);
        return undefined;
      case 'sealed-count':
        sendResponse(covers.size);
        return undefined;
      default:
        return undefined;
    }
  });
  return true;
})();
