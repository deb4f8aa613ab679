/** The words of the matrix: what a cell is made of and what becomes of it. */

/** A place to click or to drop on, in the viewport. */
export type Spot = { x: number; y: number };

/** What a file of a cell is. */
export type Kind = 'photo' | 'picture' | 'text';

/** One file as the user has it. `picture` is a real PNG for the clipboard, whose bytes browsers write anew. */
export type Sample = { kind: Kind; name: string; path: string; bytes: Buffer; sha256: string };

/** What a user can do, in either browser. */
export type User = {
  browser: 'chromium' | 'firefox';
  page: import('puppeteer-core').Page;
  /** How many times as long as usual a dialog or a drag is waited for. */
  patience: number;
  click(at: Spot): Promise<void>;
  /** Click, and choose these in the dialog that opens. */
  choose(at: Spot, paths: string[]): Promise<void>;
  /** Click, and choose this in the dialog of a picker that is no input. */
  chooseInPicker(at: Spot, path: string, isDone?: () => Promise<unknown>): Promise<void>;
  drop(at: Spot, paths: string[], words?: Words): Promise<void>;
  copy(picture: Buffer, words?: Words): Promise<void>;
  paste(at: Spot): Promise<void>;
};

export type Words = { plain: string; html: string };

/** What a cell's page can do; given to `wire`. */
export type PageSide = {
  origin: string;
  query: string;
  /** Whatever of it is a file. */
  upload(files: Iterable<unknown> | null, names?: string[]): Promise<void>;
  /** Tell the test something: what was seen, or that the browser refused. */
  say(facts: Record<string, unknown>): Promise<void>;
  /** Run this; when the browser refuses it, say so. */
  attempt(work: () => unknown): Promise<void>;
};

/** What a cell does with the page and its samples. */
export type Act = { user: User; samples: Sample[]; first: Spot; second: Spot; folder: string };

/** One way a photo takes into a page. */
export type Vector = {
  name: string;
  /** What the user has, in order; by default one photo. */
  samples?: Kind[];
  /** Put the samples into a folder: the user chooses that. */
  folder?: boolean;
  html: string;
  /** Runs in the page before anything else of it. */
  early?(page: PageSide): void;
  /** Runs in the page; `root` is the document or shadow root that holds the html. Pages check no types. */
  wire(root: any, page: PageSide): unknown;
  act(act: Act): Promise<void>;
  /** Names as they must arrive; by default those of the samples. */
  names?(samples: Sample[], folder: string): string[];
  /** What the page must have said. */
  said?(said: Array<Record<string, unknown>>, browser: Cell['browser']): void;
  /** How long the daemon takes for a photo; by default it is done at once. */
  workMs?: number;
  /** True for what every page kind is tried with; the others are tried on the plain page. */
  everywhere?: boolean;
  /** Page kinds where it makes no sense. */
  except?: string[];
  /** It opens a dialog that only a browser with a window has. */
  window?: boolean;
};

/** One kind of page. */
export type PageKind = {
  name: string;
  headers?: Record<string, string>;
  /** The body of the page, given the vector's html. */
  body(inner: string, addresses: Addresses): string;
  /** Runs in the page: where the vector's html is, if not in the document itself. */
  place?(window: any): unknown;
  /** The page that holds the vector is another one, in a frame: this is only around it. */
  framed?: boolean;
};

export type Addresses = { inner: string; elsewhere: string; script: string; document: string };

/** A real library; see `tests/browser/libraries`. */
export type Library = {
  name: string;
  version: string;
  vectors: Record<string, LibraryVector>;
  press?: string;
  passes?: boolean;
  timeout?: number;
};

export type LibraryVector = { at: string; press?: string; passes?: boolean; timeout?: number; window?: boolean };

export type Received = { name: string; bytes: Buffer; sha256: string; named: boolean };

export type Cell = { browser: 'chromium' | 'firefox'; vector: string; page: string; library: string };

export type Result = 'protected only' | 'impossible' | 'leak' | 'incomplete' | 'error';

export type Row = Cell & { result: Result; reason?: string; original_bytes: number; seconds: number; tries: number };
