/**
 * The card in its closed shadow root, read and pressed through the browsers' debugging protocols as no page can: the
 * same in Chromium (CDP) and Firefox (BiDi), in the page and in its frames.
 */

/**
 * A node of the card.
 * @typedef {object} Seen
 * @property {string} name
 * @property {string} text of a text node
 * @property {boolean} isHidden
 * @property {Seen[]} children
 * @property {string} id what the protocol calls it
 * @property {Place} place
 */

/**
 * Where nodes were found, and how to act on them there.
 * @typedef {object} Place
 * @property {(id: string) => Promise<void>} press with the mouse
 * @property {(id: string) => Promise<void>} pressByScript
 */

const SCRIPT_PRESS = 'this.click(); this.dispatchEvent(new MouseEvent("click", { bubbles: true }));';

/** What shows no words. */
const MUTE = new Set(['style', 'script', 'svg']);

/** @param {Seen} node @returns {string} */
export function textOf(node) {
  if (node.isHidden || MUTE.has(node.name)) return '';
  return node.text || node.children.map(textOf).filter(Boolean).join(' ');
}

/**
 * Every closed shadow root in the page and its frames.
 * @param {import('puppeteer-core').Page} page @returns {Promise<Seen[]>}
 */
export function closedRoots(page) {
  const connection = Reflect.get(page.browser(), 'connection');
  return connection ? rootsByBidi(page, connection) : rootsByCdp(page);
}

/** @param {import('puppeteer-core').Page} page @param {RegExp} label */
export async function findButton(page, label) {
  const buttons = (await closedRoots(page)).flatMap(descendants).filter(({ name }) => name === 'button');
  const button = buttons.findLast((one) => label.test(textOf(one)));
  if (!button) throw new Error(`the card has no button ${label}`);
  return button;
}

/** @param {Seen} node @returns {Seen[]} */
function descendants(node) {
  return [node, ...node.children.flatMap(descendants)];
}

// --- Chromium -----------------------------------------------------------------------------------------------------

/** @typedef {import('puppeteer-core').Protocol.DOM.Node} CdpNode */

/** @param {import('puppeteer-core').Page} page */
async function rootsByCdp(page) {
  /** Frames of other processes have sessions of their own. @type {Map<import('puppeteer-core').CDPSession, import('puppeteer-core').Frame>} */
  const sessions = new Map();
  for (const frame of page.frames()) {
    const session = Reflect.get(frame, 'client');
    if (!sessions.has(session)) sessions.set(session, frame);
  }
  const found = await Promise.all([...sessions].map(([session, frame]) => rootsInSession(page, session, frame).catch(() => [])));
  return found.flat();
}

/** @param {import('puppeteer-core').Page} page @param {import('puppeteer-core').CDPSession} session @param {import('puppeteer-core').Frame} frame */
async function rootsInSession(page, session, frame) {
  const { root } = await session.send('DOM.getDocument', { depth: -1, pierce: true });
  const place = cdpPlace(page, session, frame);
  /** @type {Seen[]} */
  const roots = [];
  /** @param {CdpNode} node */
  const walk = (node) => {
    for (const shadow of node.shadowRoots ?? []) {
      if (shadow.shadowRootType === 'closed') roots.push(seenByCdp(shadow, place));
      walk(shadow);
    }
    for (const child of [...(node.children ?? []), ...(node.contentDocument ? [node.contentDocument] : [])]) walk(child);
  };
  walk(root);
  return roots;
}

/** @param {CdpNode} node @param {Place} place @returns {Seen} */
function seenByCdp(node, place) {
  return {
    name: node.nodeName.toLowerCase(),
    text: node.nodeType === 3 ? node.nodeValue : '',
    isHidden: node.attributes?.some((word, index) => index % 2 === 0 && word === 'hidden') ?? false,
    children: (node.children ?? []).map((child) => seenByCdp(child, place)),
    id: String(node.backendNodeId),
    place,
  };
}

/**
 * @param {import('puppeteer-core').Page} page @param {import('puppeteer-core').CDPSession} session @param {import('puppeteer-core').Frame} frame
 * @returns {Place}
 */
function cdpPlace(page, session, frame) {
  return {
    async press(id) {
      const { model } = await session.send('DOM.getBoxModel', { backendNodeId: Number(id) });
      const [x1 = 0, y1 = 0, , , x3 = 0, y3 = 0] = model.content;
      const home = frame.parentFrame() ? await (await frame.frameElement())?.boundingBox() : undefined;
      await page.mouse.click((x1 + x3) / 2 + (home?.x ?? 0), (y1 + y3) / 2 + (home?.y ?? 0));
    },
    async pressByScript(id) {
      const { object } = await session.send('DOM.resolveNode', { backendNodeId: Number(id) });
      const functionDeclaration = `function () { ${SCRIPT_PRESS} }`;
      await session.send('Runtime.callFunctionOn', { objectId: object.objectId ?? '', functionDeclaration });
    },
  };
}

// --- Firefox ------------------------------------------------------------------------------------------------------

/**
 * A node as WebDriver BiDi tells of it.
 * @typedef {{sharedId: string, value?: {nodeType: number, localName?: string, nodeValue?: string, mode?: string,
 *   attributes?: Record<string, string>, children?: BidiNode[], shadowRoot?: BidiNode | null}}} BidiNode
 */

/** @typedef {{send(method: string, params: object): Promise<{result: any}>}} Bidi */

/** Its own sandbox: whatever the page did to its globals. @param {string} context */
const sandboxOf = (context) => ({ context, sandbox: 'card' });

/** @param {import('puppeteer-core').Page} page @param {Bidi} bidi */
async function rootsByBidi(page, bidi) {
  const contexts = page.frames().map((frame) => String(Reflect.get(frame, '_id')));
  const found = await Promise.all(contexts.map((context) => rootsInContext(bidi, context).catch(() => [])));
  return found.flat();
}

/** @param {Bidi} bidi @param {string} context */
async function rootsInContext(bidi, context) {
  const { result } = await bidi.send('script.callFunction', {
    functionDeclaration: '() => document.documentElement',
    awaitPromise: false,
    target: sandboxOf(context),
    serializationOptions: { includeShadowTree: 'all', maxDomDepth: null },
  });
  const place = bidiPlace(bidi, context);
  /** @type {Seen[]} */
  const roots = [];
  /** @param {BidiNode} node */
  const walk = (node) => {
    const shadow = node.value?.shadowRoot;
    if (shadow?.value?.mode === 'closed') roots.push(seenByBidi(shadow, place));
    if (shadow) walk(shadow);
    node.value?.children?.forEach(walk);
  };
  walk(result.result);
  return roots;
}

/** @param {BidiNode} node @param {Place} place @returns {Seen} */
function seenByBidi({ sharedId, value }, place) {
  return {
    name: value?.localName ?? '',
    text: value?.nodeType === 3 ? (value.nodeValue ?? '') : '',
    isHidden: Object.hasOwn(value?.attributes ?? {}, 'hidden'),
    children: (value?.children ?? []).map((child) => seenByBidi(child, place)),
    id: sharedId,
    place,
  };
}

/** @param {Bidi} bidi @param {string} context @returns {Place} */
function bidiPlace(bidi, context) {
  return {
    async press(sharedId) {
      const actions = [
        { type: 'pointerMove', x: 0, y: 0, origin: { type: 'element', element: { sharedId } } },
        { type: 'pointerDown', button: 0 },
        { type: 'pointerUp', button: 0 },
      ];
      await bidi.send('input.performActions', { context, actions: [{ type: 'pointer', id: 'mouse', actions }] });
    },
    async pressByScript(sharedId) {
      await bidi.send('script.callFunction', {
        functionDeclaration: `function () { ${SCRIPT_PRESS} }`, awaitPromise: false, target: sandboxOf(context), this: { sharedId },
      });
    },
  };
}
