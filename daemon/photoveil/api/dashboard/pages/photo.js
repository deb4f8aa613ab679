/**
 * One photo: before and after, what was reached in plain words, the figures below.
 */
/** @import { Context, EncoderReport, Job, Movement, Report, Shown } from '../types.js' */

import { compare } from '../compare.js';
import { exposureCard } from '../exposure.js';
import { folderPaths } from '../choosing.js';
import { attempt } from '../dialogs.js';
import { button, card, download, empty, fill, h, link, progressBar, troubleBox } from '../dom.js';
import { hiddenCard } from '../hidden.js';
import { icon } from '../icons.js';
import { ask, known, onPhotos, statePill } from '../photo_list.js';
import { regionsCard } from '../regions.js';
import { CHANNELS, cautionWords, figure, fileWords, lookWords, sentence, strangers, verdict } from '../report.js';
import { unlearnableCard } from '../unlearnable.js';
import { NOT_KEPT, cameToNothing, canTryAgain, isFinal, origin, percent, plural, stageWords, when } from '../words.js';

/** How far back the history is searched for a photo that no page has shown yet. */
const PAGES = 10;

/** @param {Context} context @returns {Promise<Shown>} */
export default async function photo(context) {
  const found = await find(context);
  const folders = await folderPaths(context.daemon);
  const body = h('div', { class: 'photo-page' });
  const actions = h('div', { class: 'row' });
  /** @param {Job} job */
  const show = async (job) => {
    fill(actions, ...actionsOf(context, job));
    fill(body, ...(await contentOf(context, job, folders)));
  };
  await show(found);
  let last = JSON.stringify(found);
  onPhotos(context, async () => {
    const told = await find(context).catch(() => undefined);
    if (!told || JSON.stringify(told) === last) return;
    last = JSON.stringify(told);
    await show(told);
  });
  return { title: found.name, actions: [actions], content: [link('‹ History', '#/history', { class: 'back' }), body] };
}

/** What is known of the photo, fresh where its own verb tells. @param {Context} context @returns {Promise<Job>} */
async function find(context) {
  const { daemon, argument: job, signal } = context;
  const now = await daemon.ask('job', { job }, { signal });
  if (!known.has(job)) await search(context, job);
  const before = known.get(job);
  if (before && before.state !== now.state) await search(context, job);
  const unnamed = {
    name: now.result?.name ?? 'Photo',
    kind: 'upload',
    folder: null,
    created: '',
    finished: null,
    persona: '',
    method: '',
    strength: '',
  };
  return { ...unnamed, ...known.get(job), ...now };
}

/** @param {Context} context @param {string} wanted */
async function search(context, wanted) {
  /** @type {string | undefined} */
  let before;
  for (let page = 0; page < PAGES; page++) {
    const { jobs, more } = await ask(context, { limit: 200, ...(before ? { before } : {}) });
    before = jobs.at(-1)?.job;
    if (!more || jobs.some(({ job }) => job === wanted)) return;
  }
}

/** @param {Context} context @param {Job} job */
function actionsOf({ daemon }, job) {
  const act = (/** @type {string} */ verb) => (/** @type {Event} */ event) =>
    attempt(event.currentTarget, () => daemon.ask(verb, { job: job.job }));
  if (!isFinal(job)) return [button('Cancel', act('cancel'))];
  if (canTryAgain(job)) return [button('Try again', act('retry'), { kind: 'main', icon: 'retry' })];
  if (job.state !== 'done' || job.kept === false) return [];
  return [
    button(
      'Download',
      (/** @type {Event} */ event) =>
        attempt(event.currentTarget, async () => {
          download(await daemon.file('result', { job: job.job }), job.result?.name ?? job.name);
        }),
      { kind: 'main', icon: 'download', label: 'Download the protected copy' },
    ),
  ];
}

/** @param {Context} context @param {Job} job @param {Map<string, string>} folders @returns {Promise<Node[]>} */
async function contentOf(context, job, folders) {
  const { report } = job;
  return [
    h(
      'p',
      { class: 'photo-facts' },
      statePill(job),
      h('span', { class: 'soft' }, `${when(job.finished ?? job.created)} · ${origin(job, folders)}`),
    ),
    job.state === 'done' ? await pictureCard(context, job) : stateCard(job),
    ...(report ? [resultCard(report)] : []),
    await regionsCard(context, job),
    ...(report ? [exposureOf(context, job)] : []),
    ...(report ? [fileCard(job, report), ...(report.encoders.length > 0 ? [figuresCard(report)] : [])] : []),
  ];
}

/** @param {Context} context @param {Job} job */
async function pictureCard({ pictures }, job) {
  try {
    const [before, after] = await Promise.all([pictures.url(job.job, 'before'), pictures.url(job.job, 'after')]);
    return h('section', { 'class': 'card', 'aria-label': 'Before and after' }, await compare(before, after, job.name));
  } catch {
    return h(
      'section',
      { 'class': 'card', 'aria-label': 'Before and after' },
      empty('photo', 'No small pictures to compare', 'They are kept of the newest 200 photos, while “Previews” is on in the settings.'),
    );
  }
}

/** From the small pictures, which are far larger than what encoders look at. @param {Context} context @param {Job} job */
function exposureOf(context, job) {
  const picture = (/** @type {'before' | 'after'} */ side) => context.daemon.file('preview', { job: job.job, side });
  return job.previews ? exposureCard(context, { before: () => picture('before'), after: () => picture('after') }) : h('span', { hidden: true });
}

/** @param {Job} job */
function stateCard(job) {
  const lost = cameToNothing(job) && !canTryAgain(job) && h('p', { class: 'soft' }, NOT_KEPT);
  if (job.error) return h('section', { 'class': 'card', 'aria-label': 'What went wrong' }, troubleBox(job.error), lost);
  if (!isFinal(job))
    return h(
      'section',
      { 'class': 'card', 'aria-label': 'Progress' },
      job.state === 'running' && progressBar(job.progress || undefined, 'Progress'),
      h('p', { class: 'soft' }, job.state === 'queued' ? 'Waiting its turn' : stageWords(job.stage)),
    );
  return h('section', { 'class': 'card', 'aria-label': 'What happened' }, h('p', {}, job.reason ?? 'Nothing was done to this photo.'), lost);
}

/** What was reached, as each method tells it. @param {Report} report */
function resultCard(report) {
  if (report.assistant) return hiddenCard(report.assistant);
  return report.unlearnable ? unlearnableCard(report.unlearnable) : reachedCard(report);
}

/** @param {Report} report */
function reachedCard(report) {
  const share = strangers(report.encoders, 'witness');
  const words = sentence(report);
  const reached = share === undefined ? undefined : verdict(share);
  return card(
    'What was reached',
    reached && h('p', { class: `verdict ${reached.level}` }, icon(reached.icon), reached.title),
    words && h('p', { class: 'headline' }, `${words}.`),
    share !== undefined && scale(share),
    reached &&
      h(
        'p',
        {},
        `On the lab’s benchmark of drawn people, photos with about this figure let models answer ${reached.leak} of private questions `,
        'right. Without protection it is 96 %, by guessing 24 to 31 %.',
      ),
    !words &&
      h('p', {}, 'The encoders of this model set know no strangers to compare with. The figures below tell how far the photo moved.'),
    h(
      'p',
      { class: 'hint small' },
      icon('info'),
      h('span', {}, `${cautionWords(report)} `, link('What Photoveil can and cannot do', '#/limits')),
    ),
  );
}

/** Where the figure lies between nobody and everybody. @param {number} share */
function scale(share) {
  const meter = h(
    'div',
    { 'class': 'scale', 'role': 'img', 'aria-label': `${percent(share)} on a scale from 0 to 100%` },
    h('span', { class: 'scale-mark' }),
  );
  meter.style.setProperty('--at', `${Math.max(1, Math.min(99, share * 100))}%`);
  return h(
    'div',
    { class: 'scale-box' },
    meter,
    h(
      'div',
      { 'class': 'scale-words soft small', 'aria-hidden': 'true' },
      h('span', {}, 'nobody: still looks like you'),
      h('span', {}, 'everybody: looks like others'),
    ),
  );
}

/** @param {Job} job @param {Report} report */
function fileCard(job, report) {
  const seconds = Math.round((report.timings_ms['total'] ?? 0) / 1000);
  return card(
    'The photo itself',
    h('p', {}, report.assistant || report.unlearnable ? '' : `${lookWords(report)} `, fileWords(report)),
    report.notes.length > 0 && h('ul', {}, ...report.notes.map((note) => h('li', {}, note))),
    h(
      'dl',
      { class: 'pairs' },
      ...pair('Persona', report.persona),
      ...(report.assistant ? pair('Slider', report.strength) : pair('Strength', report.strength)),
      ...pair('Method', report.method),
      ...pair('Model set', report.model_set),
      ...pair(
        'Made',
        `${when(report.date)}, in ${plural(seconds, 'second')} on ${report.device === 'cpu' ? 'the processor' : report.device}`,
      ),
      ...(job.placed ? pair('Where it lies', job.placed) : []),
    ),
  );
}

/** @param {string} name @param {string} value */
function pair(name, value) {
  return [h('dt', {}, name), h('dd', {}, value)];
}

/** @param {Report} report */
function figuresCard(report) {
  const rows = report.encoders.flatMap((encoder) => [
    figureRow(encoder, 'as delivered', encoder),
    ...Object.entries(encoder.channels).map(([name, movement]) => figureRow(encoder, CHANNELS[name] ?? name, movement)),
  ]);
  const head = ['Encoder', 'Role', 'After', 'Strangers nearer', 'Shift', 'Shift of tokens', 'Cosine'];
  return h(
    'details',
    { class: 'card figures' },
    h('summary', {}, 'All figures'),
    h(
      'p',
      { class: 'soft small' },
      `PSNR ${figure(report.psnr_db, 1)} dB, SSIM ${figure(report.ssim, 3)}. `,
      'A witness was never optimised against. “Strangers nearer” is the share of strangers whose photo is nearer to the protected one than you are; ',
      'a shift of 0 and a cosine of 1 mean no effect. Measured on the delivered file.',
    ),
    h(
      'div',
      { 'class': 'table-box', 'tabIndex': 0, 'role': 'region', 'aria-label': 'All figures' },
      h('table', {}, h('thead', {}, h('tr', {}, ...head.map((words) => h('th', { scope: 'col' }, words)))), h('tbody', {}, ...rows)),
    ),
  );
}

/** @param {EncoderReport} encoder @param {string} channel @param {Movement} movement */
function figureRow({ name, role }, channel, movement) {
  const nearer = movement.strangers_nearer;
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, name),
    h('td', {}, role),
    h('td', {}, channel),
    h('td', { class: 'number' }, typeof nearer === 'number' ? percent(nearer) : '–'),
    h('td', { class: 'number' }, figure(movement.anchor_shift)),
    h('td', { class: 'number' }, figure(movement.token_anchor_shift)),
    h('td', { class: 'number' }, figure(movement.cosine)),
  );
}
