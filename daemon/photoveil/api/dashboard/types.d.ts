// What the daemon tells the dashboard (docs/protocol.md). Types only: it is not served.

/** Words for a user: what went wrong, why, and what to do about it. */
export interface Trouble { code: string; title: string; reason: string; remedy: string }

export interface Notice extends Trouble { key: string; since: string }

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled' | 'unchanged';

export interface Result {
  sha256: string; bytes: number; format: string; name: string; type: string; width: number; height: number;
}

export interface Job {
  job: string; kind: string; folder: string | null; name: string; state: JobState; stage: string; progress: number;
  created: string; finished: string | null; persona: string; method: string; strength: string;
  error?: Trouble | null; reason?: string | null; why?: string | null; result?: Result; report?: Report; placed?: string | null;
  previews?: boolean; kept?: boolean;
}

export interface FileFacts { sha256: string; bytes: number; format: string; width: number; height: number }

export interface Movement {
  anchor_shift: number; token_anchor_shift: number; cosine: number; strangers_nearer?: number | null;
}

export interface EncoderReport extends Movement { name: string; role: string; channels: Record<string, Movement> }

export interface Report {
  original: FileFacts; delivered: FileFacts; psnr_db: number; ssim: number; encoders: EncoderReport[];
  timings_ms: Record<string, number>; model_set: string; method: string; strength: string; persona: string;
  version: string; date: string; device: string; notes: string[]; assistant?: Hidden; unlearnable?: Unlearnable;
}

export interface Unlearnable {
  model: string; words: string; epsilon: number; answer_loss: Record<string, number>;
  answer_loss_with_words: Record<string, number>; witnesses: { name: string; cosine: Record<string, number> }[];
}

/** A private region of a photo: left, top, right, bottom in shares of its width and height. */
export interface Place { kind: string; box: number[]; hidden: boolean }

export interface Hidden {
  slider: number; regions: { kind: string; box: number[]; score: number }[]; queries: number; asked: string | null;
  left?: { kind: string; box: number[]; score: number }[]; chosen?: boolean;
  recognised_by_witnesses?: number; agreement?: number; answers_kept?: number | null;
  parameters?: { regions: Record<string, { style: string; strength: number; margin: number }>; downscale: number; noise: number; tone: number };
}

export interface VaultUsage { items: number; blobs: number; bytes: number; limit: number; key_rung: string | null }

export interface VaultItem {
  item: string; name: string; path: string | null; bytes: number; created: string; restored: string | null;
}

export interface Overview {
  version: string; update: { version: string; url: string } | null; welcome_done: boolean; state: 'idle' | 'working' | 'paused' | 'attention'; paused: boolean; until: string | null;
  waiting_for: string | null; queue: { queued: number; running: number; waiting: number };
  counts: { protected_total: number; protected_today: number; failed_today: number };
  worker: string; device: string | null; model_set: string; models: BriefModels; persona: string; strength: string; secrets: string;
  notices: Notice[]; folders: number; clients: number; vault: VaultUsage; port: number; profile: string | null;
}

export interface Setting {
  name: string; kind: 'choice' | 'integer' | 'switch' | 'text'; value: string | number | boolean;
  default: string | number | boolean; choices?: string[]; meanings?: Record<string, string>; low?: number; high?: number; unit?: string; help: string;
  live: boolean; title: string; group: string;
}

export interface Folder {
  folder: string; path: string; mode: 'events' | 'polling' | 'missing' | 'off'; waiting: number; protected: number;
  failed: number; unchanged: number; last_scan: string | null; problem: Trouble | null; copies: string;
  persona: string | null; strength: string | null; method: string | null; output: 'beside' | 'mirror' | 'in-place';
  mirror: string | null; recursive: boolean; enabled: boolean; keep_originals: boolean; polling: 'auto' | 'always';
}

export interface Knowledge { model_set: string | null; photos: number; enough: number; settled: boolean }

export interface Persona {
  name: string; changed?: string | null; model_sets?: Knowledge[]; error?: Trouble; colour?: string | null;
  strength?: string | null; current?: boolean;
}

export interface Client {
  client: string; name: string; origin: string; created: string; last_used: string | null;
  kind: 'browser' | 'dashboard';
}

export interface Site {
  protect: boolean; persona: string | null; strength: string | null; method: string | null; slider: number | null;
}

export interface PairingState {
  state: 'waiting' | 'confirm' | 'paired' | 'refused' | 'expired'; name?: string; origin?: string;
  /** Whether the code was shown to a person; otherwise a program of this computer brought it to the browser. */
  shown: boolean;
}

export interface Offer { model_set: string; bytes: number; seconds: number | null }

export interface Download {
  model_set: string; kind: 'pull' | 'verify'; state: 'running' | 'waiting' | 'failed'; file: string; files_done: number; files: number;
  bytes_done: number; bytes_total: number; error: Trouble | null; again: string | null;
}

/** What the overview tells of model sets. */
export interface BriefModels { wanted: string; offer: Offer | null; download: Download | null }

export interface ModelSet {
  name: string; title: string; note: string; installed: boolean; active: boolean; fetched: boolean; bytes: number;
  missing_bytes: number; seconds: number | null; quick_enough: boolean;
  checked: Array<{ file: string; problem: string; reason: string; remedy: string }> | null;
  encoders: Array<{
    name: string; role: 'surrogate' | 'witness'; family: string; parameters: number; bytes: number; licence: string | null;
  }>;
}

export interface Models extends BriefModels {
  active: string; patience_seconds: number; offline: boolean; source: string; folder: string; free_bytes: number | null;
  measuring: boolean; machine: { device: string; device_name: string; precision: string; date: string } | null;
  model_sets: ModelSet[];
}

/** Whether Photoveil starts at login; broken: it should, and cannot. */
export interface Autostart { state: 'on' | 'off' | 'broken'; where: string; command: string[]; problem: string; by_package: boolean }

export interface Updates {
  wanted: boolean; url: string; version: string; checked: string | null; newer: { version: string; url: string } | null; error: Trouble | null;
}

/** What the first run needs. */
export interface WelcomeFacts {
  done: boolean; folders: string[]; autostart: Autostart; updates: Updates;
  /** Paths to load by hand, and the browsers of this system that have it from a package. */
  extension: { chromium: string | null; firefox: string | null; provided: Array<'chromium' | 'firefox'> };
}

export interface SealKey { name: string; created: string; revoked: boolean; shared: boolean; mine: boolean }

/** What is told of a photo that was sealed, or whose mark was taken off. Boxes: left, top, width, height. */
export interface SealedFacts {
  name: string; type: string; format: string; bytes: number; width: number; height: number; notes: string[]; boxes: number[][];
  fill_db?: number; keys?: string[];
  key?: string; state?: 'exact' | 'lossless' | 'recompressed' | 'resized' | 'cropped'; quality_db?: number | null; tampered?: number[][];
  sealed_width?: number; sealed_height?: number;
}

/** What is read of one kind of private fact. `rank`: share of strangers' photos that show less of it. */
export interface Reading { kind: string; says: string; sure: number; rank: number; shows: boolean }

export interface Exposure { model_set: string; encoders: string[]; readings: Reading[] }

/** An event of the stream: its kind and its facts. */
export interface LiveEvent { kind: string; facts: Record<string, unknown> }

/** What a page gets when it is shown. */
export interface Context {
  daemon: import('./daemon.js').Daemon;
  live: import('./live.js').Live;
  uploads: import('./uploads.js').Uploads;
  pictures: import('./pictures.js').Pictures;
  /** Aborted when the user leaves the page. */
  signal: AbortSignal;
  /** What follows the page's name in the address: `abc` in `#/photo/abc`. */
  argument: string;
}

/** What a page gives back: its heading (the document's title) and its content. */
export interface Shown {
  title: string; content: Node[]; intro?: string; actions?: Node[];
  /** Above the heading. */
  before?: Node;
  /** What to do with photos dropped or pasted on this page; without it they are protected. */
  take?: (files: FileList) => void;
}
