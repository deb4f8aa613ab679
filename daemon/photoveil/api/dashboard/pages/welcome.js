/**
 * The first run: five short steps from nothing to protected photos.
 */
/** @import { Context, Shown, WelcomeFacts } from '../types.js' */

import { h } from '../dom.js';
import { browserStep } from '../welcome_browser.js';
import { Plan, STEPS, stepList, wayOn } from '../welcome_frame.js';
import { modelsStep } from '../welcome_models.js';
import { photosStep } from '../welcome_photos.js';
import { doneView, readyStep } from '../welcome_ready.js';
import { strengthStep, tryOn } from '../welcome_strength.js';

const plan = new Plan();

/**
 * As few words as it takes: tests/dashboard/welcome_real.test.mjs counts them.
 * @type {Record<string, {title: string, intro?: string}>}
 */
const WORDS = {
  photos: {
    title: 'Welcome to Photoveil',
    intro: 'Photos are changed a little before you post them: machines learn less about you. All on this computer.',
  },
  browser: { title: 'Your browser' },
  strength: { title: 'Strength' },
  models: { title: 'Models', intro: 'The eyes of machines. Larger sets protect better.' },
  ready: { title: 'Ready' },
};

/** @param {Context} context @returns {Promise<Shown>} */
export default async function welcome(context) {
  const step = STEPS.find(([name]) => name === context.argument)?.[0] ?? 'photos';
  /** @type {WelcomeFacts} */
  const facts = await context.daemon.ask('welcome');
  plan.seen.add(step);
  plan.keep();
  const built = await build(context, step, facts);
  const { title = '', intro = '' } = WORDS[step] ?? {};
  return {
    title,
    intro,
    content: [h('div', { 'class': 'welcome', 'data-step': step }, ...built.nodes, built.way)],
    before: stepList(step, plan),
    take: built.take,
  };
}

/** A photo that is dropped where none is asked for is tried. @param {FileList | File[]} files */
function takeElsewhere(files) {
  tryOn(files);
  window.location.hash = '#/welcome/strength';
}

/** @param {Context} context @param {string} step @param {WelcomeFacts} facts */
async function build(context, step, facts) {
  const take = takeElsewhere;
  if (step === 'browser') return { nodes: await browserStep(context, facts), way: wayOn(step), take };
  if (step === 'models') return { nodes: await modelsStep(context), way: wayOn(step), take };
  if (step === 'strength') return { way: wayOn(step), ...(await strengthStep(context)) };
  if (step === 'ready') {
    const { nodes, finish } = await readyStep(context, facts, plan, () => finished(context));
    return { nodes, way: wayOn(step, finish), take };
  }
  return { nodes: await photosStep(context, facts, plan), way: wayOn(step), take };
}

/** @param {Context} context */
function finished(context) {
  plan.forget();
  const main = document.querySelector('main');
  const done = doneView(context);
  main?.replaceChildren(done);
  window.scrollTo(0, 0);
  done.querySelector('h1')?.focus({ preventScroll: true });
  void context.live.refresh().catch(() => undefined);
}
