/**
 * Places on a photo: drawn on its page, and looked for on the copy.
 */

/** Press, drag and let go, in shares of the photo. @param {import('puppeteer-core').Page} page @param {number[]} from @param {number[]} to */
export async function drag(page, from, to) {
  const stage = await page.waitForSelector('.places-stage');
  await stage?.scrollIntoView();
  const photo = /** @type {import('puppeteer-core').BoundingBox} */ (await stage?.boundingBox());
  const at = (/** @type {number[]} */ [x = 0, y = 0]) => /** @type {const} */ ([photo.x + x * photo.width, photo.y + y * photo.height]);
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at(to), { steps: 3 });
  await page.mouse.up();
}

/**
 * On the page of a photo whose first place was found: leave that, draw another, and have it remembered.
 * @param {import('puppeteer-core').Page} page @param {number[]} box
 */
export async function hideInstead(page, [left = 0, top = 0, right = 0, bottom = 0]) {
  await page.waitForSelector('.places-stage .place');
  await drag(page, [left, top], [right, bottom]);
  await page.click('.places-list li:nth-child(1) input');
  await page.click('[data-act="remember-places"]');
  await page.waitForFunction(() => /Remembered\./.test(document.querySelector('main')?.textContent ?? ''));
}

/**
 * How far light and dark lie on a copy where they lay on the original, 0…1, in two places (shares of the photo).
 * @param {import('puppeteer-core').Browser} browser @param {Buffer} original @param {Buffer} copy both JPEG
 * @param {[number[], number[]]} places @returns {Promise<[number, number]>}
 */
export async function alike(browser, original, copy, places) {
  const page = await browser.newPage();
  const files = [original, copy].map((file) => file.toString('base64'));
  const told = await page.evaluate(correlations, files, places);
  await page.close();
  return /** @type {[number, number]} */ (told);
}

/** In the browser. @param {string[]} files @param {number[][]} places */
async function correlations(files, places) {
  const SIDE = 32;
  /** What is seen there, small and grey, 0 in the mean. @param {string} file @param {number[]} box */
  const seen = async (file, [left = 0, top = 0, right = 0, bottom = 0]) => {
    const picture = await createImageBitmap(await (await fetch(`data:image/jpeg;base64,${file}`)).blob());
    const { width, height } = picture;
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(SIDE, SIDE).getContext('2d'));
    context.drawImage(picture, left * width, top * height, (right - left) * width, (bottom - top) * height, 0, 0, SIDE, SIDE);
    const { data } = context.getImageData(0, 0, SIDE, SIDE);
    const greys = Array.from({ length: SIDE * SIDE }, (_, i) => (data[4 * i] ?? 0) + (data[4 * i + 1] ?? 0) + (data[4 * i + 2] ?? 0));
    const mean = greys.reduce((sum, grey) => sum + grey, 0) / greys.length;
    return greys.map((grey) => grey - mean);
  };
  const dot = (/** @type {number[]} */ a, /** @type {number[]} */ b) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
  return Promise.all(
    places.map(async (box) => {
      const [a = [], b = []] = await Promise.all(files.map((file) => seen(file, box)));
      return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b) || 1);
    }),
  );
}
