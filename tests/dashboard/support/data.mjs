/**
 * What a daemon that has been used for some months would tell.
 */

/** @import { Client, Folder, Job, Models, Notice, Persona } from '../../../daemon/photoveil/api/dashboard/types.js' */
/** @import { Report, Setting, Site, VaultItem } from '../../../daemon/photoveil/api/dashboard/types.js' */
import { OWN_MODEL, SLIDER, forAssistant, madeUnlearnable } from './hidden.mjs';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** @param {number} ms */
export const ago = (ms) => new Date(Date.now() - ms).toISOString();

/** @param {number} number */
const sha = (number) => number.toString(16).padStart(64, '0');

/** @param {number} shift @param {number | null} nearer */
function movement(shift, nearer) {
  return { anchor_shift: shift, token_anchor_shift: shift * 0.7, cosine: 1 - shift / 2, strangers_nearer: nearer };
}

/** @param {string} name @param {string} role @param {number} shift @param {number} nearer */
function encoder(name, role, shift, nearer) {
  const channels = {
    jpeg75: movement(shift * 0.95, nearer * 0.97),
    resize1080_jpeg75: movement(shift * 0.9, nearer),
    resize540_jpeg75: movement(shift * 0.7, nearer * 0.8),
  };
  return { name, role, ...movement(shift, nearer), channels };
}

/** @param {number} index @param {Partial<Report>} [more] @param {number} [nearer] @returns {Report} */
export function report(index, more = {}, nearer = 0.24) {
  return {
    original: { sha256: sha(index), bytes: 2_413_220, format: 'jpeg', width: 4032, height: 3024 },
    delivered: { sha256: sha(index + 1000), bytes: 2_520_410, format: 'jpeg', width: 4032, height: 3024 },
    psnr_db: 34.6,
    ssim: 0.951,
    encoders: [
      encoder('starter-resnet', 'surrogate', 0.83, Math.min(1, nearer * 2.6)),
      encoder('starter-dla', 'surrogate', 0.78, Math.min(1, nearer * 2.4)),
      encoder('starter-regnet', 'witness', 0.31, nearer),
    ],
    timings_ms: { prepare: 312, protect: 4120, write: 480, measure: 690, total: 5602 },
    model_set: 'starter',
    method: 'antithetical',
    strength: 'balanced',
    persona: 'me',
    version: '0.3.0',
    date: ago(index * 47 * MINUTE),
    device: 'cpu',
    notes: ['The place where the photo was taken was removed.'],
    ...more,
  };
}

const NAMES = [
  'IMG_2041.jpg',
  'Anna on the beach.jpg',
  'birthday-cake.heic',
  '<b>bold</b>.png',
  'screenshot 2026-11-20 at 18.04.11.png',
  'DSC00817.JPG',
  'a very long name of a photo that somebody exported from somewhere with all of its keywords, garden, summer, grandma.jpeg',
  'profile.webp',
  '猫と庭.jpg',
  'new-car.jpg',
];

/** @param {number} index @returns {Job} */
function doneJob(index) {
  const name = NAMES[index % NAMES.length] ?? '';
  const when = ago(index * 47 * MINUTE + 20_000);
  const told = report(index, {}, [0.24, 0.6, 0.03, 0.09][index % 4]);
  const { sha256, bytes, width, height } = told.delivered;
  return {
    job: `job${index}`,
    kind: index % 3 === 1 ? 'folder' : 'upload',
    folder: index % 3 === 1 ? 'a1b2c3d4e5f6' : null,
    name,
    state: 'done',
    stage: '',
    progress: 1,
    created: when,
    finished: when,
    persona: 'me',
    method: 'antithetical',
    strength: 'balanced',
    previews: true,
    kept: true,
    result: { sha256, bytes, format: 'jpeg', name: name.replace(/\.\w+$/, '.jpg'), type: 'image/jpeg', width, height },
    report: told,
    ...(index % 3 === 1 ? { placed: `/home/anna/Pictures/Camera/Protected/${name}` } : {}),
  };
}

/** @param {Job} job @param {Partial<Job>} more @returns {Job} */
function other(job, more) {
  const plain = { ...job };
  for (const name of /** @type {const} */ (['result', 'report', 'placed'])) delete plain[name];
  return { ...plain, previews: false, kept: false, ...more };
}

const DAMAGED = {
  code: 'truncated',
  title: 'This photo is damaged',
  reason: 'Its last part is missing.',
  remedy: 'Export it again from where it came from.',
};

/** @param {number} count @returns {Job[]} newest first */
export function jobs(count) {
  return Array.from({ length: count }, (_, index) => {
    const job = doneJob(index);
    if (index === 0) return other(job, { state: 'running', stage: 'protect', progress: 0.42, finished: null });
    if (index === 1) return other(job, { state: 'queued', progress: 0, finished: null });
    if (index === 5 || index === 13) return index === 5 ? forAssistant(job) : madeUnlearnable(job);
    if (index === 4) return other(job, { state: 'failed', error: DAMAGED });
    if (index === 7) return other(job, { state: 'unchanged', reason: 'Animated pictures are passed as they are.' });
    return index === 11 ? other(job, { state: 'cancelled', reason: 'You cancelled it.' }) : job;
  });
}

/** @returns {Notice[]} */
export function notices() {
  return [
    {
      key: 'folder/0f9e8d7c6b5a',
      code: 'folder_missing',
      title: 'A watched folder is not there',
      reason: '/media/anna/Archive cannot be found.',
      remedy: 'Connect the drive it lies on, or remove the folder from the list.',
      since: ago(3 * 60 * MINUTE),
    },
  ];
}

/** @returns {Folder[]} */
export function folders() {
  const plain = {
    persona: null,
    strength: null,
    method: null,
    mirror: null,
    recursive: true,
    enabled: true,
    keep_originals: false,
    polling: /** @type {const} */ ('auto'),
  };
  return [
    {
      ...plain,
      folder: 'a1b2c3d4e5f6',
      path: '/home/anna/Pictures/Camera',
      mode: 'events',
      waiting: 12,
      protected: 1840,
      failed: 2,
      unchanged: 31,
      last_scan: ago(4 * MINUTE),
      problem: null,
      output: 'beside',
      copies: '/home/anna/Pictures/Camera/Protected',
    },
    {
      ...plain,
      folder: 'b2c3d4e5f6a1',
      path: '/home/anna/Pictures/To post',
      persona: 'anna',
      strength: 'strong',
      mode: 'polling',
      waiting: 0,
      protected: 64,
      failed: 0,
      unchanged: 0,
      last_scan: ago(40_000),
      problem: null,
      output: 'in-place',
      copies: '/home/anna/Pictures/To post',
      keep_originals: true,
    },
    {
      ...plain,
      folder: '0f9e8d7c6b5a',
      path: '/media/anna/Archive',
      mode: 'missing',
      waiting: 0,
      protected: 411,
      failed: 0,
      unchanged: 7,
      last_scan: ago(3 * DAY),
      problem: notices()[0] ?? null,
      output: 'mirror',
      mirror: '/home/anna/Protected archive',
      copies: '/home/anna/Protected archive',
    },
  ];
}

/** @returns {Persona[]} */
export function personas() {
  const known = (/** @type {number} */ photos) => [{ model_set: 'starter', photos, enough: 20, settled: photos >= 20 }];
  return [
    { name: 'me', colour: 'violet', strength: null, current: true, changed: ago(2 * 60 * MINUTE), model_sets: known(212) },
    { name: 'anna', colour: 'teal', strength: 'strong', current: false, changed: ago(5 * DAY), model_sets: known(9) },
    { name: 'Großmutter Łucja', colour: 'orange', strength: null, current: false, changed: null, model_sets: [] },
  ];
}

/** @returns {Client[]} */
export function clients() {
  return [
    {
      client: '00112233445566aa',
      kind: 'browser',
      name: 'Firefox on Linux',
      origin: 'moz-extension://3f1c2a7e-0d5b-4c4e-9a57-1d2e3f4a5b6c',
      created: ago(90 * DAY),
      last_used: ago(12 * MINUTE),
    },
    {
      client: '00112233445566bb',
      kind: 'browser',
      name: 'Chromium on Linux',
      origin: 'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
      created: ago(20 * DAY),
      last_used: null,
    },
  ];
}

/** @returns {Record<string, Site>} */
export function sites() {
  return {
    'instagram.com': { protect: true, persona: 'anna', strength: 'strong', method: null, slider: null },
    'wiki.example.org': { protect: false, persona: null, strength: null, method: null, slider: null },
  };
}

/** @returns {VaultItem[]} */
export function vaultItems() {
  return Array.from({ length: 7 }, (_, index) => ({
    item: `item${index}`,
    name: NAMES[index] ?? '',
    path: index === 3 ? null : `/home/anna/Pictures/To post/${NAMES[index]}`,
    bytes: 2_000_000 + index * 731_000,
    created: ago(index * DAY + MINUTE),
    restored: index === 2 ? ago(DAY) : null,
  }));
}

/** @param {string} name @param {'surrogate' | 'witness'} role @param {string} family @param {number} millions @param {string | null} licence */
function modelEncoder(name, role, family, millions, licence) {
  return { name, role, family, parameters: millions * 1e6, bytes: millions * 4e6, licence };
}

/** Measured, nothing fetched yet. @returns {Models} */
export function models() {
  const own = { installed: true, active: true, fetched: false, missing_bytes: 0, seconds: null, quick_enough: true, checked: null };
  const far = { installed: false, active: false, fetched: true, checked: null };
  return {
    wanted: 'auto',
    active: 'starter',
    offer: { model_set: 'standard', bytes: 2_580_000_000, seconds: 6.2 },
    download: null,
    patience_seconds: 10,
    offline: false,
    source: 'https://huggingface.co',
    folder: '/home/anna/.local/share/photoveil/models',
    free_bytes: 210e9,
    measuring: false,
    machine: { device: 'cpu', device_name: 'the processor', precision: 'bfloat16', date: ago(2 * 60 * MINUTE) },
    model_sets: [
      {
        ...own,
        name: 'starter',
        title: 'Starter',
        note: 'tiny encoders shipped with Photoveil: for trying it out, not for trusting it',
        bytes: 41e6,
        encoders: [
          modelEncoder('starter-resnet', 'surrogate', 'resnet', 3.1, null),
          modelEncoder('starter-regnet', 'witness', 'regnet', 2.6, null),
        ],
      },
      {
        ...far,
        name: 'standard',
        title: 'Standard',
        note: 'base-size encoders of four families: real protection, at a few seconds a photo without a GPU',
        bytes: 2_580_000_000,
        missing_bytes: 2_580_000_000,
        seconds: 6.2,
        quick_enough: true,
        encoders: [
          modelEncoder('clip-b32', 'surrogate', 'vision transformer (CLIP)', 87.8, 'MIT'),
          modelEncoder('siglip-b16', 'surrogate', 'vision transformer (SigLIP)', 92.9, 'Apache-2.0'),
          modelEncoder('convnext-b', 'surrogate', 'convolutional network (ConvNeXt, LAION)', 88.2, 'MIT'),
          modelEncoder('eva02-b16', 'witness', 'vision transformer (EVA-02)', 86.3, 'MIT'),
        ],
      },
      {
        ...far,
        name: 'strong',
        title: 'Strong',
        note: 'the large encoders that vision-language models use: for computers with a graphics card',
        bytes: 8_900_000_000,
        missing_bytes: 8_900_000_000,
        seconds: 74,
        quick_enough: false,
        encoders: [
          modelEncoder('clip-l14-336', 'surrogate', 'vision transformer (CLIP)', 304.3, 'MIT'),
          modelEncoder('siglip-so400m-384', 'surrogate', 'vision transformer (SigLIP)', 428.2, 'Apache-2.0'),
          modelEncoder('convnext-l-320', 'witness', 'convolutional network (ConvNeXt, LAION)', 199.8, 'MIT'),
        ],
      },
    ],
  };
}

/** @returns {Setting[]} */
export function settings() {
  const strengths = {
    subtle: 'for the pictures you care about most; the weakest protection',
    balanced: 'the default; beside the original, a faint tint on plain areas',
    strong: 'a slight tint, and visible to a trained eye on smooth areas',
    film: 'a look of its own, like grain and toning of film: meant to be seen; the strongest protection',
  };
  return [
    {
      name: 'persona',
      kind: 'text',
      value: 'me',
      default: 'me',
      live: true,
      group: 'protection',
      title: 'Persona',
      help: 'Whose photos these are, unless a folder, a site or a command says otherwise.',
    },
    {
      name: 'strength',
      kind: 'choice',
      value: 'balanced',
      default: 'balanced',
      live: true,
      group: 'protection',
      title: 'Strength',
      help: 'How much a photo may be changed. Stronger protects better and is easier to see.',
      choices: Object.keys(strengths),
      meanings: strengths,
    },
    ...[SLIDER, OWN_MODEL],
    {
      name: 'model_set',
      kind: 'choice',
      value: 'auto',
      default: 'auto',
      live: true,
      group: 'protection',
      title: 'Model set',
      help: 'The encoders that photos are protected against.',
      choices: ['auto', 'starter', 'standard', 'strong'],
    },
    {
      name: 'notifications',
      kind: 'switch',
      value: true,
      default: true,
      live: true,
      group: 'desktop',
      title: 'Notifications',
      help: 'Whether the desktop shows a message when something needs your attention.',
    },
    {
      name: 'vault_mb',
      kind: 'integer',
      value: 2048,
      default: 4096,
      live: true,
      group: 'storage',
      title: 'Vault',
      help: 'How much originals in the vault may take.',
      low: 16,
      high: 1_000_000,
      unit: 'megabytes',
    },
    {
      name: 'port',
      kind: 'integer',
      value: 47610,
      default: 47610,
      live: false,
      group: 'technical',
      title: 'Port',
      help: 'The first of the five ports tried on 127.0.0.1. Browsers only look at the default.',
      low: 0,
      high: 65_535,
    },
  ];
}
