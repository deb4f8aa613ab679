/**
 * First run, step 5: what was chosen, what starts by itself, and the beginning.
 */
/** @import { Context, Overview, WelcomeFacts } from './types.js' */
/** @import { Plan } from './welcome_frame.js' */

import { autostartSwitch } from './autostart.js';
import { DaemonError, troubleOf } from './daemon.js';
import { button, card, fill, h, link, troubleBox } from './dom.js';
import { toggle } from './forms.js';
import { hostOf } from './hosts.js';
import { icon } from './icons.js';
import { lastPart, plural } from './words.js';

/** @param {Context} context @param {WelcomeFacts} facts @param {Plan} plan @param {() => void} finished */
export async function readyStep(context, facts, plan, finished) {
  const { daemon, live, signal } = context;
  await live.refresh();
  let chosen = summary(live.overview, plan);
  live.watch(() => {
    const fresh = summary(live.overview, plan);
    if (fresh.isEqualNode(chosen)) return;
    chosen.replaceWith(fresh);
    chosen = fresh;
  }, signal);
  const start = autostartSwitch(daemon, facts.done ? facts.autostart : { ...facts.autostart, state: 'on' }, false);
  const help = `About once a week ${hostOf(facts.updates.url)} is asked. The question says nothing about you; nothing is installed by itself.`;
  const news = toggle('Tell me about new versions', facts.updates.wanted, { help, act: 'updates' });
  news.row.hidden = facts.updates.url === '';
  const wrong = h('div', { role: 'alert' });
  const begin = async () => {
    const troubles = await addFolders(context, plan);
    const isSet = start.box.checked === (facts.autostart.state === 'on') || (await start.save(start.box.checked));
    if (news.box.checked !== facts.updates.wanted) await daemon.ask('settings/change', { changes: { update_check: news.box.checked } });
    fill(wrong, ...troubles.map((trouble) => troubleBox(trouble)));
    if (troubles.length || !isSet) return;
    await daemon.ask('welcome/done');
    finished();
  };
  const pressed = async (/** @type {Event} */ event) => {
    const finish = /** @type {HTMLButtonElement} */ (event.currentTarget);
    finish.disabled = true;
    await begin().catch((error) => fill(wrong, troubleBox(troubleOf(error))));
    finish.disabled = false;
  };
  const finish = button('Start protecting', pressed, { kind: 'main', icon: 'shield', act: 'finish' });
  const nodes = [card('What you chose', chosen, start.node, news.row), wrong];
  return { nodes, finish };
}

/** @param {Context} context @param {Plan} plan */
async function addFolders({ daemon }, plan) {
  const troubles = [];
  for (const path of [...plan.folders]) {
    try {
      await daemon.ask('folders/add', { path });
    } catch (error) {
      const trouble = troubleOf(error);
      if (error instanceof DaemonError && error.kind !== 'refused') throw error;
      if (trouble.code !== 'watched_already') {
        troubles.push({ ...trouble, title: `${lastPart(path)}: ${trouble.title}` });
        continue;
      }
    }
    plan.folders.delete(path);
  }
  plan.keep();
  return troubles;
}

/** @param {Overview | undefined} told @param {Plan} plan */
function summary(told, plan) {
  if (!told) return h('p', { class: 'soft' }, 'Photoveil does not answer at this moment.');
  const folders = told.folders + plan.folders.size;
  const ticked = [...plan.folders].map(lastPart).join(', ');
  const download = told.models.download;
  const fetched = download?.kind === 'pull' ? `“${download.model_set}” is being fetched; “${told.model_set}” serves until it is here.` : '';
  const line = (/** @type {boolean} */ isGood, /** @type {string} */ text, /** @type {string} */ step) =>
    h(
      'li',
      { class: isGood ? 'is-good' : 'is-open' },
      icon(isGood ? 'check' : 'info'),
      h('span', { class: 'grow' }, text),
      link('Change', `#/welcome/${step}`, { 'aria-label': `Change: ${text}` }),
    );
  return h(
    'ul',
    { class: 'chosen' },
    line(folders > 0, folderWords(folders, ticked), 'photos'),
    line(
      told.clients > 0,
      told.clients > 0 ? `${plural(told.clients, 'browser')} connected` : 'No browser yet: uploads are not protected before one is connected.',
      'browser',
    ),
    line(true, `Strength “${told.strength}”`, 'strength'),
    line(told.model_set !== 'starter' || fetched !== '', fetched || modelWords(told), 'models'),
  );
}

/** @param {number} count @param {string} ticked names of those that are added at the end */
function folderWords(count, ticked) {
  if (count === 0) return 'No folder; you can add some at any time.';
  return `${plural(count, 'folder')} with photos${ticked && `; new: ${ticked}`}`;
}

/** @param {Overview} told */
function modelWords({ model_set: name }) {
  return name === 'starter' ? 'Model set “starter”: for trying, not for trusting.' : `Model set “${name}”`;
}

/** What is shown when all is done. @param {Context} context */
export function doneView({ live }) {
  const hasBrowser = (live.overview?.clients ?? 0) > 0;
  return h(
    'section',
    { class: 'card welcome-done' },
    h('span', { class: 'drop-icon' }, icon('shield')),
    h('h1', { tabIndex: -1 }, 'Photoveil is at work'),
    h(
      'p',
      { class: 'soft' },
      hasBrowser
        ? 'Pick a photo on a site as you always do.'
        : 'Drop a photo on the overview. Uploads are protected once your browser is connected.',
    ),
    h(
      'p',
      { class: 'soft' },
      link('What it can do for you, and what not', '#/limits'),
    ),
    h(
      'div',
      { class: 'row center' },
      h('a', { class: 'button main', href: '#/' }, icon('home'), 'To the overview'),
      !hasBrowser && h('a', { class: 'button', href: '#/browsers' }, icon('plug'), 'Connect a browser'),
    ),
  );
}
