// The words that cross a boundary: between pages and background, and between the content scripts of one page.

/** Why a photo did not get protected. `daemon` carries the daemon's own words. */
type FailureCode =
  | 'absent' | 'unpaired' | 'revoked' | 'impostor' | 'forbidden' | 'locked' | 'stopped' | 'timeout' | 'busy' | 'too-large'
  | 'daemon' | 'odd-answer' | 'unreadable' | 'orphaned' | 'cancelled';

interface Failure {
  code: FailureCode;
  title?: string;
  reason?: string;
  remedy?: string;
}

/** What the daemon learns of a photo besides its bytes. `site` is the host of the page it is for, if the browser tells. */
interface PhotoMeta {
  name: string;
  type: string;
  site?: string;
}

/** Something the daemon told by itself. */
interface LiveEvent {
  kind: string;
  facts: Record<string, unknown>;
}

/** What the user wants for one site. */
interface Wishes {
  persona: string | null;
  strength: string | null;
}

/** What a content script may ask of the background. */
type PageRequest =
  | { kind: 'protect'; id: string; blob: Blob; meta: { name: string; type: string } }
  | { kind: 'cancel'; id: string }
  | { kind: 'prewarm' }
  | { kind: 'original-used'; count: number };

/** What the popup and the options page may ask of the background. */
type UiRequest =
  | { kind: 'state' }
  | { kind: 'pair'; code: string; name: string }
  | { kind: 'forget' }
  | { kind: 'sync-sites' }
  | { kind: 'wishes'; host: string };

type ProtectAnswer =
  | { outcome: 'protected'; blob: Blob; name: string; type: string }
  | { outcome: 'unchanged'; reason: 'own' | 'animation' | 'other' }
  | { outcome: 'failed'; failure: Failure };

interface Progress {
  kind: 'progress';
  id: string;
  state: 'waiting' | 'working';
  progress: number;
}

interface DaemonStatus {
  version: string;
  api: number;
  model_set: string;
  device: string;
  worker: 'absent' | 'starting' | 'ready' | 'busy';
  jobs: { queued: number; running: number };
  /** Whether work in folders is held back, and until when; null: until somebody resumes it. */
  paused: boolean;
  until: string | null;
}

type PairingState =
  | { state: 'none' }
  | { state: 'waiting'; until: number }
  | { state: 'failed'; reason: 'absent' | 'not-open' | 'wrong-code' | 'refused' | 'expired' | 'impostor' };

type ConnectionState =
  | { state: 'connected'; status: DaemonStatus }
  | { state: 'unpaired'; pairing: PairingState }
  | { state: 'failed'; failure: Failure };

interface Tally {
  protected: number;
  unchanged: number;
  original: number;
  failed: number;
}

/** What lies in storage.local: nothing secret, nothing about a single photo. */
interface Settings {
  /** Match patterns' origins (`https://example.org`) the user added. */
  added: string[];
  /** Domains where the user switched Photoveil off. */
  off: string[];
  /** Counts by site. */
  tally: Record<string, Tally>;
}

// --- content scripts: classic scripts of one isolated world, meeting in one object -------------------------------

interface Card {
  progress(done: number, total: number, fraction: number): void;
  done(protectedCount: number, unchanged: Array<'own' | 'animation' | 'other'>, originals: number): void;
  failed(failure: Failure, names: string[]): void;
  close(): void;
}

interface CardActions {
  cancel(): void;
  retry(): void;
  original(): void;
}

interface PhotoveilContent {
  started?: boolean;
  site: { readonly enabled: boolean };
  files: {
    isCandidate(file: { type: string; name: string }): boolean;
    kind(head: Uint8Array): 'photo' | 'drawing' | 'other';
    looksLikePhoto(file: File): Promise<boolean>;
  };
  background: {
    protect(
      file: File, meta: { name: string; type: string }, onProgress: (progress: Progress) => void, signal: AbortSignal,
    ): Promise<ProtectAnswer>;
    prewarm(): void;
    originalUsed(count: number): void;
  };
  status: { open(actions: CardActions): Card };
  forms: {
    hold(input: HTMLInputElement): void;
    release(input: HTMLInputElement): void;
    pause(input: HTMLInputElement): void;
    forget(input: HTMLInputElement): void;
  };
}

declare var photoveil: PhotoveilContent;
