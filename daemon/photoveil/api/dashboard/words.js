/**
 * Figures and states as words. Pure: no page, no daemon.
 */
/** @import { Folder, Job, JobState, Overview } from './types.js' */

/** @param {number} count @param {string} one @param {string} [many] */
export function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** As the settings count: a megabyte has 1024 × 1024 bytes. @param {number} bytes */
export function size(bytes) {
  if (bytes < 1024) return plural(bytes, 'byte');
  const units = ['kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes / 1024, 0];
  while (value >= 1023.5 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${value < 9.95 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** As Python writes `{:.0%}`: a tie goes to the even neighbour. @param {number} share 0…1 */
export function percent(share) {
  const value = share * 100;
  const whole = value % 1 === 0.5 ? 2 * Math.round(value / 2) : Math.round(value);
  return `${whole}%`;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** @param {Date} date */
const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

/** @param {Date} date */
function clock(date) {
  return date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}

/** When something was, from where the reader stands. @param {string | null | undefined} iso @param {Date} [now] */
export function when(iso, now = new Date()) {
  const date = new Date(iso ?? '');
  if (Number.isNaN(date.getTime())) return 'never';
  const ago = now.getTime() - date.getTime();
  if (ago >= 0 && ago < MINUTE) return 'just now';
  if (ago >= 0 && ago < 60 * MINUTE) return `${plural(Math.floor(ago / MINUTE), 'minute')} ago`;
  const days = Math.round((midnight(now) - midnight(date)) / DAY);
  if (days === 0) return `today, ${clock(date)}`;
  if (days === 1) return `yesterday, ${clock(date)}`;
  const year = date.getFullYear() === now.getFullYear() ? {} : { year: /** @type {const} */ ('numeric') };
  return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', ...year });
}

/** Until when a pause lasts. @param {string | null} iso @param {Date} [now] */
export function until(iso, now = new Date()) {
  if (iso === null) return 'until you resume';
  const date = new Date(iso);
  const days = Math.round((midnight(date) - midnight(now)) / DAY);
  if (days === 0) return `until ${clock(date)}`;
  return days === 1 ? `until tomorrow, ${clock(date)}` : `until ${date.toLocaleDateString('en-GB', { day: 'numeric', month: 'long' })}`;
}

/** About how long something takes. @param {number} seconds */
export function lasting(seconds) {
  if (seconds < 1) return 'less than a second';
  if (seconds < 90) return `about ${plural(Math.max(1, Math.round(seconds)), 'second')}`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `about ${plural(minutes, 'minute')}` : `about ${plural(Math.round(minutes / 60), 'hour')}`;
}

/** @typedef {{word: string, kind: 'good' | 'bad' | 'busy' | 'plain' | 'warn', symbol: string}} Look a word, its colour and its icon */

/** @type {Record<JobState, Look>} */
export const STATES = {
  queued: { word: 'Waiting', kind: 'plain', symbol: 'clock' },
  running: { word: 'In work', kind: 'busy', symbol: 'spinner' },
  done: { word: 'Protected', kind: 'good', symbol: 'check' },
  failed: { word: 'Failed', kind: 'bad', symbol: 'alert' },
  cancelled: { word: 'Cancelled', kind: 'plain', symbol: 'cross' },
  unchanged: { word: 'Passed as it is', kind: 'warn', symbol: 'pass' },
};

/** @type {Record<string, string>} */
const STAGES = {
  decode: 'Opening the photo',
  prepare: 'Looking at the photo',
  protect: 'Protecting',
  write: 'Writing the copy',
  measure: 'Measuring the result',
};

/** What is being done to a photo. @param {string} stage */
export function stageWords(stage) {
  return STAGES[stage] ?? 'Working';
}

/** @param {Pick<Job, 'state'>} job */
export function isFinal({ state }) {
  return state !== 'queued' && state !== 'running';
}

/** What Photoveil is doing, in one sentence. @param {Overview} now */
export function doing(now) {
  const { queued, running, waiting } = now.queue;
  if (running > 0) {
    const more = queued > 0 ? `, ${queued.toLocaleString('en')} more in line` : '';
    return `Protecting ${plural(running, 'photo')}${more}.`;
  }
  if (now.paused) return `Paused ${until(now.until)}.`;
  if (now.state === 'attention')
    return now.notices.length === 1 ? 'One thing needs your attention.' : `${now.notices.length} things need your attention.`;
  if (waiting > 0 && now.waiting_for) return `${plural(waiting, 'photo')} from folders ${waiting === 1 ? 'waits' : 'wait'}.`;
  if (queued > 0) return `${plural(queued, 'photo')} in line.`;
  return now.counts.protected_total > 0 ? 'All is calm. Every photo is done.' : 'Ready for your first photo.';
}

/** @type {Record<string, string>} */
const WAITING = {
  'paused': 'Folder work is paused. Photos you upload in the browser are protected all the same.',
  'battery': 'Folder work waits while this computer runs on battery.',
  'on battery': 'Folder work waits while this computer runs on battery.',
  'busy': 'Folder work waits while other programs need this computer.',
};

/** Why folder work stands still. @param {string | null} reason */
export function waitingWords(reason) {
  return reason ? (WAITING[reason] ?? `Folder work waits: ${reason}.`) : '';
}

/** What to do about an upload that came to nothing: its photo went with it. */
export const NOT_KEPT = 'The photo itself is not kept. Pick it again where you uploaded it, or drop it on the overview.';

/** Whether trying again can help: only photos in folders are still there. @param {Pick<Job, 'kind' | 'state'>} job */
export function canTryAgain({ kind, state }) {
  return cameToNothing({ state }) && kind !== 'upload';
}

/** @param {Pick<Job, 'state'>} job */
export function cameToNothing({ state }) {
  return state === 'failed' || state === 'cancelled';
}

/** Where a photo came from. @param {Pick<Job, 'kind' | 'folder'>} job @param {Map<string, string>} folders paths by id */
export function origin({ kind, folder }, folders) {
  if (folder) return lastPart(folders.get(folder) ?? '') || 'from a folder';
  return kind === 'upload' ? 'uploaded' : 'from a folder';
}

/** @param {string} path */
export function lastPart(path) {
  return path.split(/[\\/]/).filter(Boolean).at(-1) ?? path;
}

/** How a folder is looked after, and whether that is well. @param {Pick<Folder, 'mode' | 'problem'>} folder @returns {Look} */
export function modeWords({ mode, problem }) {
  if (mode === 'missing') return { word: 'Not there', kind: 'bad', symbol: 'alert' };
  if (mode === 'off') return { word: 'Turned off', kind: 'plain', symbol: 'pause' };
  if (problem) return { word: 'Needs attention', kind: 'bad', symbol: 'alert' };
  return mode === 'polling'
    ? { word: 'Looked through regularly', kind: 'good', symbol: 'check' }
    : { word: 'Watched', kind: 'good', symbol: 'check' };
}

/** @type {Record<string, string>} */
export const STRENGTHS = {
  subtle: 'For pictures you care about most; the weakest protection.',
  balanced: 'The default; beside the original, a faint tint on plain areas.',
  strong: 'A slight tint, visible to a trained eye on smooth areas.',
  film: 'A look like film, meant to be seen; the strongest protection.',
};

/** Words from elsewhere as a sentence of their own. @param {string} text */
export function asSentence(text) {
  return text && `${text[0]?.toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}

/** Where the secrets lie. @param {string} rung */
export function secretsWords(rung) {
  return rung === 'keyring' ? 'in the system’s keyring' : 'in a file that only you can read';
}
