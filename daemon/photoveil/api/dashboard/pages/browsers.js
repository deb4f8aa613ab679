/**
 * Browsers: who is connected, and what is done on which site.
 */
/** @import { Client, Context, Persona, Shown, Site } from '../types.js' */

import { METHODS, USUAL, methodOptions, personaOptions, personasOf, strengthOptions } from '../choosing.js';
import { troubleOf } from '../daemon.js';
import { attempt, confirm, formDialog, toast } from '../dialogs.js';
import { button, card, empty, h, keepList, pill } from '../dom.js';
import { field, select, setError, slider, sliderEnds, toggle } from '../forms.js';
import { hostOf } from '../hosts.js';
import { icon } from '../icons.js';
import { connectBrowser } from '../pairing.js';
import { Asking } from '../provided.js';
import { when } from '../words.js';

/** @param {Context} context @returns {Promise<Shown>} */
export default async function browsers(context) {
  const everyone = await personasOf(context.daemon);
  const clients = clientList(context);
  const sites = siteList(context, everyone);
  const asking = new Asking(context);
  const look = async () => (asking.node.hidden = !(await asking.look()));
  context.live.on(['clients'], () => Promise.all([clients.load(), look()]).catch(() => undefined), context.signal);
  context.live.on(['settings'], () => sites.load().catch(() => undefined), context.signal);
  await Promise.all([clients.load(), sites.load(), look()]);
  asking.call();
  return {
    title: 'Browsers',
    intro: 'Browsers with the Photoveil extension hand photos over before a site gets them. Each has to be connected once.',
    actions: [button('Connect a browser', () => connectBrowser(context, clients.load), { kind: 'main', icon: 'plug' })],
    content: [asking.node, clients.node, sites.node],
  };
}

/** @param {Context} context */
function clientList(context) {
  const list = h('ul', { class: 'rows' });
  const nothing = empty(
    'browser',
    'No browser is connected yet',
    'Install the extension, then connect it here.',
    button('Connect a browser', () => connectBrowser(context, load), { icon: 'plug' }),
  );
  const load = async () => {
    /** @type {Client[]} */
    const all = (await context.daemon.ask('clients')).clients;
    keepList(
      list,
      all,
      ({ client }) => client,
      (client) => clientRow(context, client, load),
    );
    nothing.hidden = all.some(({ kind }) => kind === 'browser');
  };
  return { node: card('Connected', list, nothing), load };
}

/** @param {Context} context @param {Client} client @param {() => Promise<void>} changed */
function clientRow(context, client, changed) {
  const { name, origin, kind, created, last_used: used } = client;
  const isPage = kind === 'dashboard';
  const isThis = client.client === context.daemon.client;
  return h(
    'li',
    { class: 'item' },
    icon(isPage ? 'home' : 'browser'),
    h(
      'div',
      { class: 'grow' },
      h('p', { class: 'item-name' }, name, isThis && ' (this page)'),
      !isPage && h('p', { class: 'soft small path' }, origin),
      h(
        'p',
        { class: 'soft small' },
        `${isPage ? 'Opened' : 'Connected'} ${when(created)}, ${used ? `last used ${when(used)}` : 'not used yet'}.`,
      ),
    ),
    button(isPage ? 'Sign out' : 'Disconnect', () => void revoke(context, client, changed), {
      small: true,
      act: 'revoke',
      label: `${isPage ? 'Sign out' : 'Disconnect'} ${name}`,
    }),
  );
}

/** @param {Context} context @param {Client} client @param {() => Promise<void>} changed */
async function revoke({ daemon }, { client, name, kind }, changed) {
  const sure = await confirm(
    kind === 'dashboard'
      ? {
          title: 'Sign this dashboard out?',
          text: 'It has to be opened from Photoveil again. If it is this very page, you leave it.',
          yes: 'Sign out',
        }
      : {
          title: `Disconnect ${name}?`,
          text: 'Photos picked in it are no longer protected: the extension holds them back and says so. You can connect it again at any time.',
          yes: 'Disconnect',
        },
  );
  if (!sure) return;
  if (await attempt(null, () => daemon.ask('clients/revoke', { client }))) toast(`${name} is disconnected.`);
  await changed().catch(() => undefined);
}

/** @param {Context} context @param {Persona[]} everyone */
function siteList(context, everyone) {
  const list = h('ul', { class: 'rows' });
  const usual = 'Every site gets protected photos, as in the settings; on sites of AI assistants private things are hidden.';
  const nothing = empty('settings', 'No special rules', usual);
  const load = async () => {
    /** @type {Record<string, Site>} */
    const sites = (await context.daemon.ask('sites')).sites;
    const all = Object.entries(sites)
      .sort()
      .map(([host, site]) => ({ host, ...site }));
    keepList(
      list,
      all,
      ({ host }) => host,
      (site) => siteRow(context, site, everyone, load),
    );
    nothing.hidden = all.length > 0;
  };
  const node = card(
    'Sites',
    h(
      'p',
      { class: 'soft' },
      'On some sites you may want another persona or strength, or no protection at all. A profile also holds for the site’s subdomains.',
    ),
    list,
    nothing,
    h(
      'div',
      { class: 'row' },
      button('Add a site', () => editSite(context, undefined, everyone, load), { icon: 'plus' }),
    ),
  );
  return { node, load };
}

/** @typedef {Site & {host: string}} HostSite */

/** @param {Context} context @param {HostSite} site @param {Persona[]} everyone @param {() => Promise<void>} changed */
function siteRow(context, site, everyone, changed) {
  const { host, protect, persona, strength, method, slider: place } = site;
  const own = [persona, strength && `always ${strength}`, method && METHODS[method], place !== null && `slider at ${place}`];
  const words = own.filter(Boolean).join(' · ') || 'as usual';
  return h(
    'li',
    { class: 'item' },
    icon(protect ? 'shield' : 'pass'),
    h(
      'div',
      { class: 'grow' },
      h('p', { class: 'item-name' }, host),
      h('p', { class: 'soft small' }, protect ? words : 'gets your originals'),
    ),
    protect ? pill('good', 'Protected', 'check') : pill('warn', 'Not protected', 'pass'),
    button('Change', () => editSite(context, site, everyone, changed), { small: true, icon: 'edit', act: 'edit', label: `Change ${host}` }),
    button(
      'Remove',
      async (/** @type {Event} */ event) => {
        if (await attempt(event.currentTarget, () => context.daemon.ask('sites/remove', { host })))
          toast(`${host} is treated like any other site.`);
        await changed().catch(() => undefined);
      },
      { kind: 'quiet', small: true, icon: 'trash', act: 'remove', label: `Remove ${host}` },
    ),
  );
}

/** Whether photos are protected or private things hidden on them, and how far. @param {HostSite | undefined} site */
function wayFields(site) {
  const method = select(methodOptions(), site?.method ?? USUAL);
  const place = slider(site?.slider ?? 50);
  // Untouched it stays what it was: as in the settings, if nothing was chosen.
  let chosen = site?.slider ?? null;
  place.addEventListener('change', () => (chosen = Number(place.value)));
  const help = 'How far private things are hidden, where that is done.';
  const placed = field('Useful or private', place, { help, after: sliderEnds() });
  const fit = () => (placed.hidden = !['', 'assistant'].includes(method.value));
  method.addEventListener('change', fit);
  fit();
  return { nodes: [field('What is done', method), placed], said: () => ({ method: method.value || null, slider: chosen }) };
}

/** @param {Context} context @param {HostSite | undefined} site @param {Persona[]} everyone @param {() => Promise<void>} changed */
function editSite({ daemon }, site, everyone, changed) {
  const host = h('input', {
    type: 'text',
    value: site?.host ?? '',
    placeholder: 'example.com',
    autocomplete: 'off',
    spellcheck: false,
    disabled: site !== undefined,
  });
  const protect = toggle('Protect photos on this site', site?.protect ?? true, { help: 'Turned off, the site gets your originals.' });
  const persona = select(personaOptions(everyone, 'As in the settings'), site?.persona ?? USUAL);
  const strength = select(strengthOptions('As in the settings'), site?.strength ?? USUAL);
  const way = wayFields(site);
  formDialog(site ? `Change ${site.host}` : 'Add a site', (dialog) => {
    const submit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      const called = hostOf(host.value);
      if (!called) return setError(host, 'Type a site’s address, such as example.com.');
      try {
        await daemon.ask('sites/change', {
          host: called,
          protect: protect.box.checked,
          persona: persona.value || null,
          strength: strength.value || null,
          ...way.said(),
        });
        dialog.close();
        await changed();
      } catch (error) {
        const { title, reason, remedy } = troubleOf(error);
        setError(host, [title, reason, remedy].filter(Boolean).join(' '));
      }
    };
    return [
      h(
        'form',
        { onsubmit: submit, noValidate: true },
        field('Site', host),
        protect.row,
        h('div', { class: 'two' }, field('Persona', persona), field('Strength', strength)),
        ...way.nodes,
        h(
          'div',
          { class: 'row end' },
          button('Cancel', () => dialog.close()),
          h('button', { type: 'submit', class: 'button main' }, site ? 'Save' : 'Add'),
        ),
      ),
    ];
  });
}
