/**
 * First run, step 1: which sites and which folders.
 */
/** @import { Context, Folder, Site, WelcomeFacts } from './types.js' */
/** @import { KnownSite } from './welcome_sites.js' */
/** @import { Plan } from './welcome_frame.js' */

import { personasOf } from './choosing.js';
import { attempt } from './dialogs.js';
import { button, card, fill, fresh, h } from './dom.js';
import { editFolder } from './folder_form.js';
import { icon } from './icons.js';
import { OTHER_SITES, USUAL_SITES } from './welcome_sites.js';
import { lastPart } from './words.js';

/** @param {Context} context @param {WelcomeFacts} facts @param {Plan} plan @returns {Promise<Node[]>} */
export async function photosStep(context, facts, plan) {
  const [{ sites }, { folders }] = await Promise.all([context.daemon.ask('sites'), context.daemon.ask('folders')]);
  return [siteCard(context, sites), folderCard(context, facts, folders, plan)];
}

/** @param {Context} context @param {Record<string, Site>} sites */
function siteCard({ daemon }, sites) {
  const chips = (/** @type {KnownSite[]} */ all) =>
    h(
      'ul',
      { class: 'chips' },
      ...all.map((site) => h('li', {}, chip(site.name, !site.hosts.some((host) => sites[host]?.protect === false), (on) => protect(site, on)))),
    );
  const protect = async (/** @type {KnownSite} */ { hosts }, /** @type {boolean} */ on) => {
    for (const host of hosts) await daemon.ask('sites/change', { host, protect: on });
  };
  return card(
    'Protected when you upload',
    h('p', { class: 'soft' }, 'Switch off where originals may go.'),
    chips(USUAL_SITES),
    h(
      'details',
      { class: 'more-sites' },
      h('summary', {}, `${OTHER_SITES.length} more sites, AI assistants`),
      chips(OTHER_SITES),
      h('p', { class: 'soft small' }, 'You can add any other site in the extension.'),
      h(
        'p',
        { class: 'hint small' },
        icon('eye'),
        h('span', {}, 'For ChatGPT, Claude, Gemini and other AI assistants, faces and codes are hidden instead, so that the photo stays useful.'),
      ),
    ),
  );
}

/** @param {string} name @param {boolean} checked @param {(on: boolean) => Promise<void>} changed */
function chip(name, checked, changed) {
  const box = h('input', {
    type: 'checkbox',
    checked,
    onchange: async () => {
      if (!(await attempt(null, () => changed(box.checked)))) box.checked = !box.checked;
    },
  });
  return h('label', { class: 'chip' }, box, icon('check'), h('span', {}, name));
}

/** @param {Context} context @param {WelcomeFacts} facts @param {Folder[]} watched @param {Plan} plan */
function folderCard(context, facts, watched, plan) {
  const list = h('ul', { class: 'picks' });
  const show = (/** @type {Folder[]} */ now) => {
    const known = new Set(now.map(({ path }) => path));
    const offered = facts.folders.filter((path) => !known.has(path));
    fill(list, ...now.map(({ path }) => watchedRow(path)), ...offered.map((path) => pick(path, plan)));
    list.hidden = list.childElementCount === 0;
  };
  show(watched);
  const add = async () => {
    const renew = async () => show((await context.daemon.ask('folders')).folders);
    editFolder(context, undefined, await personasOf(context.daemon), renew);
  };
  return card(
    'In folders',
    h('p', { class: 'soft' }, 'Copies are made beside the originals.'),
    list,
    h(
      'div',
      { class: 'row' },
      button('Another folder', (/** @type {Event} */ event) => attempt(event.currentTarget, add), { icon: 'plus', small: true, act: 'another' }),
    ),
  );
}

/** @param {string} path @param {Plan} plan */
function pick(path, plan) {
  const id = fresh('pick');
  const box = h('input', {
    'type': 'checkbox',
    id,
    'checked': plan.folders.has(path),
    'data-folder': path,
    'onchange': () => {
      if (box.checked) plan.folders.add(path);
      else plan.folders.delete(path);
      plan.keep();
    },
  });
  return h('li', {}, h('label', { class: 'pick', for: id }, box, icon('folder'), named(path)));
}

/** @param {string} path */
function watchedRow(path) {
  return h('li', {}, h('div', { class: 'pick' }, icon('check'), icon('folder'), named(path, ' is watched')));
}

/** @param {string} path @param {string} [more] */
function named(path, more = '') {
  return h('span', { class: 'grow' }, h('strong', {}, lastPart(path)), more, h('span', { class: 'soft small path pick-path' }, path));
}
