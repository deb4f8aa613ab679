// The words that cross a boundary: between pages and background, and between the content scripts of one page.

/** Why a photo did not get protected. `daemon` carries the daemon's own words. */
type FailureCode =
  | 'absent' | 'unpaired' | 'revoked' | 'impostor' | 'forbidden' | 'locked' | 'stopped' | 'timeout' | 'busy' | 'too-large'
  | 'daemon' | 'odd-answer' | 'outdated' | 'unreadable' | 'orphaned' | 'unanswered' | 'cancelled';

interface Failure {
  code: FailureCode;
  /** The daemon's own name for it. */
  daemon?: string;
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
  method: string | null;
  /** For the method “assistant”: 0, most useful, to 100, most private. */
  slider: number | null;
}

/** What a content script may ask of the background. */
type PageRequest =
  | { kind: 'protect'; id: string; blob: Blob; meta: { name: string; type: string } }
  | { kind: 'cancel'; id: string }
  | { kind: 'prewarm' }
  /** Whether this page is the daemon's own. */
  | { kind: 'dashboard' }
  | { kind: 'original-used'; count: number }
  | { kind: 'frames' }
  /** Every word, where the browser has none for the page's process. */
  | { kind: 'words' }
  /** From the daemon's first-run page, in the copy that a package brought. */
  | { kind: 'first-run' }
  /** From the top frame, where Photoveil is off, and whenever that changes. */
  | { kind: 'site'; enabled: boolean };

/** What the popup and the options page may ask of the background. */
type UiRequest =
  | { kind: 'state' }
  | { kind: 'pair'; code: string; name: string }
  | { kind: 'forget' }
  | { kind: 'sync-sites' }
  | { kind: 'dashboard'; url: string }
  | { kind: 'choices'; host: string }
  /** The page in this tab, its sealed photos shown clean. */
  | { kind: 'sealed'; act: SealedAct; tab: number }
  /** What is not named stays; null is "as in general". */
  | { kind: 'choose'; host: string; protect?: boolean; persona?: string | null; strength?: string | null; slider?: number | null }
  /** For so many minutes; null: until it is resumed; 0: resume. */
  | { kind: 'pause'; minutes: number | null }
  | { kind: 'recent' };

/** The answer to `choose`. */
type Chosen = { ok: true } | { ok: false; failure: Failure };

type SealedAct = 'state' | 'find' | 'show' | 'hide';

/** A picture of a page. */
interface SealedPicture {
  id: string;
  url: string;
}

/** What the background asks of the script that draws clean pictures over sealed ones. */
type SealedRequest =
  | { kind: 'sealed-list' | 'sealed-hide' | 'sealed-count' }
  | { kind: 'sealed-draw'; id: string; url: string; blob: Blob };

/** What came of a look at a page's pictures. */
interface SealedOutcome {
  looked: number;
  /** Covered now, whenever that was done. */
  shown: number;
  others: number;
  damaged: number;
  /** By a later Photoveil. */
  newer: number;
  unread: number;
  failure?: Failure;
}

/** Set once the script runs in a page. */
declare var photoveilSealed: boolean | undefined;

/** What holds on a site and what may be chosen there. */
interface SiteChoices {
  /** What the site is called in settings: a domain. */
  site: string;
  protect: boolean;
  /** False while the daemon has not heard of the switch. */
  isTold: boolean;
  /** Missing without a connection. */
  daemon?: Offer & { site: Wishes };
}

/** The daemon's `choices`. */
interface Offer {
  personas: Array<{ name: string; colour: string }>;
  strengths: Array<{ name: string; title: string; note: string }>;
  /** What holds on the site where it has no wishes. */
  current: { persona: string; strength: string; method: string; slider: number };
}

/** One of the last photos, told of in the popup and forgotten with the browser's session. `at`: ms since 1970. */
interface Recent {
  id: string;
  site: string;
  name: string;
  outcome: ProtectAnswer['outcome'];
  /** Why it was passed on as it is. */
  reason?: 'own' | 'animation' | 'other' | 'bare';
  /** Why it was not sent. */
  failure?: Failure;
  at: number;
  strength?: string;
  /** On how many places something was hidden, on a photo for an AI assistant. */
  hidden?: number;
  psnr?: number;
  /** How well it is protected, on the scale of docs/report.md. */
  headline?: 'little' | 'some' | 'clear' | 'strong';
}

interface OriginalUse {
  site: string;
  count: number;
  at: number;
}

type ProtectAnswer =
  /** `bare`: nothing was found that had to be hidden. */
  | { outcome: 'protected'; blob: Blob; name: string; type: string; bare?: true }
  | { outcome: 'unchanged'; reason: 'own' | 'animation' | 'other' | 'bare' }
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
  | { state: 'failed'; reason: 'absent' | 'not-open' | 'wrong-code' | 'refused' | 'expired' | 'impostor' | 'not-kept' };

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
  /** Domains where it is on even if one above is among those: the nearest to a host counts. */
  on: string[];
  /** Switches that the daemon has not heard of yet. */
  pending: Record<string, boolean>;
  /** Until when Photoveil holds nothing back, in ms since 1970; 0: it is not paused. */
  pausedUntil: number;
  /** A copy that a package brought and nobody has ever connected holds nothing back. */
  asleep: boolean;
  /** Whether the card offers the original when the daemon is away. */
  away: 'ask' | 'block';
  /** When originals were used at the user's own wish, newest first. */
  originals: OriginalUse[];
  /** Counts by site. */
  tally: Record<string, Tally>;
}

// --- content scripts: classic scripts of one isolated world, meeting in one object -------------------------------

/** Why something was passed on as it is; of videos only the page's side knows. */
type Unchanged = 'own' | 'animation' | 'video' | 'other' | 'bare';

interface Card {
  progress(done: number, total: number, fraction: number): void;
  done(protectedCount: number, unchanged: Unchanged[], originals: number): void;
  failed(failure: Failure, names: string[]): void;
  close(): void;
}

/** An eye on a button that must not be pressed unseen. */
interface Sight {
  canHaveSeen(): boolean;
  end(): void;
}

interface CardActions {
  cancel(): void;
  retry(): void;
  original(): void;
}

/** Called with what came over the bridge; what it returns (JSON-able), the other side's `send` returns. */
type BridgeHandler = (data: any, node: Node | undefined, files: File[]) => unknown;

/** May answer a question from the page's world; nothing: it is not this handler's question. */
type AskHandler = (what: string, data: any, files: File[]) => Promise<File[] | undefined> | undefined;

interface ContentBridge {
  readonly connected: boolean;
  /** Synchronous: the other side's handler has run; returns what it returned. */
  send(kind: string, data?: unknown, node?: Node | null, files?: File[]): any;
  on(kind: string, handler: BridgeHandler): void;
  onAsk(handler: AskHandler): void;
}

/** One file of a batch that is done. */
interface Ready {
  outcome: 'protected' | 'unchanged' | 'original';
  file: File;
  reason?: Unchanged;
}

interface BatchOptions {
  /** The files for the page, in the user's order. */
  onSettled(files: File[], ready: Ready[]): void;
  /** The user left them out, or the caller gave up: nothing comes. */
  onGivenUp(): void;
  /** Work begins, at first or after a retry. */
  onHold?(): void;
  /** It failed, and the card asks the user what to do. */
  onPause?(): void;
}

interface Batch {
  giveUp(): void;
  readonly cancelled: boolean;
}

/** A file or folder of a drop, told over the bridge: files by their place among those that cross with it. */
interface TreeWords {
  name: string;
  file?: number;
  children?: TreeWords[];
}

type ItemWords = { text: string; type: string } | { tree: TreeWords };

/** An event to happen again in the page's own world. */
interface ReplayWords {
  type: 'drop' | 'paste' | 'dragleave';
  init: Record<string, unknown>;
  /** The transfer's `effectAllowed`. */
  effect: string;
  items: ItemWords[];
}

interface TransferContents {
  readonly mayHoldPhotos: boolean;
  readonly words: Array<{ text: string; type: string }>;
  /** Everything in it, with the folders walked. */
  unfold(): Promise<{ items: ItemWords[]; files: File[] }>;
  /** Tell the user of the videos that pass. */
  tell(): void;
}

/** Where a paste or drop goes that the page leaves to the browser. */
type InsertionPlace = { field: HTMLInputElement | HTMLTextAreaElement } | { editor: HTMLElement; range: Range | undefined };

interface HoldOptions extends Pick<BatchOptions, 'onGivenUp' | 'onHold' | 'onPause'> {
  onSettled(items: ItemWords[], files: File[]): void;
}

interface PhotoveilContent {
  bridge: ContentBridge;
  site: {
    /** Neither off on this site, nor paused, nor never connected at all where a package brought it. */
    readonly enabled: boolean;
    /** What to offer when the daemon is away: to use the original after all, or nothing. */
    readonly away: 'ask' | 'block';
  };
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
    /** Every word, with its gaps as `$1` to `$9`; rejects where the background is gone. */
    words(): Promise<Record<string, string>>;
    /** Whether this page is the daemon's own, as the daemon proves it. */
    isDashboard(): Promise<boolean>;
    /** Have our scripts started in those of the tab's frames that have none; rejects if they could not be. */
    startInFrames(): Promise<void>;
    /** Whether Photoveil is on for the page in this tab. */
    tellSite(enabled: boolean): void;
    originalUsed(count: number): void;
  };
  words: {
    /** What is said under this name, whatever the browser knows; '' for a name that nobody knows. */
    text(key: string, ...values: Array<string | number>): string;
    whenBetter(tell: () => void): void;
  };
  sight: { watch(host: HTMLElement, button: HTMLElement, restore: () => string): Sight };
  status: { open(actions: CardActions): Card };
  /** Listen on the window before the page can, also after `document.open()` has taken all listeners away. */
  listen(type: string, handler: (event: any) => void): void;
  inputs: {
    /** Put files into an input as if they had been picked, and let the page know. */
    give(input: HTMLInputElement, files: File[]): void;
  };
  roots: {
    isFileInput(node: unknown): node is HTMLInputElement;
    /** The shadow root of an element, open or closed. */
    rootOf(node: unknown): ShadowRoot | undefined;
    /** The file inputs in an element's shadow tree, and in those within. */
    hiddenInputs(host: unknown): HTMLInputElement[];
    /** The roots of all trees a node is in, from its own outwards, but not the document. */
    around(node: Node): Node[];
  };
  batch: {
    open(files: File[], options: BatchOptions): Batch;
    /** One file on its own; with those that come within 50 ms it becomes one batch. Undefined: given up. */
    join(file: File): Promise<File | undefined>;
    /** Whether there may be a photo among them that is not our own output, and Photoveil is at work here. */
    candidates(files: Iterable<File>): boolean;
    /** Say that videos were passed on as they are, where nothing was held. */
    tell(files: Iterable<File>): void;
    /** Where in a picked folder a file was, also for one of our own. */
    pathOf(file: File): string;
    setPath(file: File, path: string): void;
    /** Everything a page was given. */
    own: WeakSet<File>;
  };
  forms: {
    hold(input: HTMLInputElement): void;
    release(input: HTMLInputElement): void;
    pause(input: HTMLInputElement): void;
    forget(input: HTMLInputElement): void;
  };
  transfers: { read(transfer: DataTransfer): TransferContents };
  replays: {
    /** True while an event of ours runs: what scripts make in it is made of what we gave. */
    readonly isRunning: boolean;
    /** Look through shadow roots for the innermost node. */
    innermost(outer: Element, inside: (root: ShadowRoot) => Element | null): Element;
    /** Whether the page took it. */
    replay(words: ReplayWords, target: Element, files: File[]): boolean;
    hold(contents: TransferContents, options: HoldOptions): Promise<void>;
  };
  /** What is left of a stranger's markup when nothing in it can run. */
  markup: { harmless(html: string): string };
  insertion: {
    /** `point`: where in the window something was dropped; a paste goes to the selection. */
    placeIn(target: Element, point?: { x: number; y: number }): InsertionPlace | undefined;
    insert(place: InsertionPlace | undefined, items: ItemWords[], files: File[]): void;
  };
  drops: { readonly started: true };
  pastes: { readonly started: true };
  handles: { readonly started: true };
}

declare var photoveil: PhotoveilContent;

// --- scripts in the page's own world: they meet in one object that is gone before the page's first script ----------

type PageBridgeHandler = (data: any, node: Node | undefined, files: File[]) => unknown;

interface PageBridge {
  /** False: there is no content script; hooks then leave everything to the browser. */
  readonly connected: boolean;
  /** Synchronous: the other side's handler has run; returns what it returned. */
  send(kind: string, data?: unknown, node?: Node | null, files?: File[]): any;
  on(kind: string, handler: PageBridgeHandler): void;
  /** Undefined: given up or blocked. */
  ask(what: string, data: unknown, files: File[]): Promise<File[] | undefined>;
  toArray(list: FileList | null): File[];
  toList(files: File[]): FileList;
}

interface NativeTools {
  apply: typeof Reflect.apply;
  /** A saved function, to be called with what would be its `this` first. */
  uncurry(native: Function): (self: any, ...args: any[]) => any;
  method(prototype: object, name: PropertyKey): (self: any, ...args: any[]) => any;
  getter(prototype: object, name: PropertyKey): (self: any) => any;
  setter(prototype: object, name: PropertyKey): (self: any, value: any) => void;
  /** A function that looks like `native` and does `handler`. */
  mask(native: Function, handler: NativeHandler, make?: (args: any[], asked: Function) => object): any;
  /** Replace a method, or nothing where the browser has none. `handler` calls `native` as it likes. */
  wrap(owner: object | undefined, name: PropertyKey, handler: NativeHandler): void;
  wrapGetter(owner: object | undefined, name: PropertyKey, handler: NativeHandler): void;
  /** `promise.then`, whatever the page made of it. Handlers should return nothing. */
  then(promise: Promise<any>, onValue: (value: any) => void, onError?: (error: any) => void): void;
  /** Of this realm or another. */
  isFileInput(node: unknown): boolean;
  isShadowRoot(node: unknown): boolean;
}

type NativeHandler = (native: Function, self: any, args: any[]) => any;

/** A file, or a folder with what is in it. */
interface PageTree {
  name: string;
  file?: File | undefined;
  children?: PageTree[];
}

type PageItem = { text: string; type: string } | { tree: PageTree };

interface PhotoveilPage {
  natives: NativeTools;
  bridge: PageBridge;
  /** Our listeners on the window come back before the page adds one while it rewrites its document. */
  documents: { beforeListening(): void };
  /** A form is about to be read: no file of a user's choice is in it that was not let pass. */
  reading: { beforeReadingForm(form: unknown): void };
  /** Stand-ins for what only the browser can make. */
  entries: { entryOf(tree: PageTree): object; handleOf(tree: PageTree): object };
  transfers: {
    build(items: PageItem[], effect: string): DataTransfer;
    /** Make a paste event show what is in it. */
    attach(event: Event, transfer: DataTransfer): void;
  };
}

declare var photoveilPage: PhotoveilPage;
