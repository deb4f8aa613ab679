/**
 * The card in the page's corner: what happens to the photo, and what the user can do. It lives in a closed shadow root,
 * takes no focus, and releases an original only on a press the browser itself vouches for.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

photoveil.status ??= (() => {
  /** Work quicker than this shows no progress, only its result. */
  const QUIET_MS = 180;
  const DONE_MS = 4_000;
  const SVG = 'http://www.w3.org/2000/svg';

  const STYLE = `
    :host { all: initial; }
    .stack {
      --ink: #1c1a2e; --soft: #5d5a72; --paper: #ffffff; --line: #e4e2ee; --accent: #5b45e0; --on-accent: #ffffff;
      --good: #0b7a53; --bad: #b3261e; --track: #ebe9f5;
      display: grid; gap: 10px; width: min(384px, calc(100vw - 24px)); color-scheme: light;
      font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: var(--ink);
    }
    @media (prefers-color-scheme: dark) {
      .stack {
        --ink: #f1effb; --soft: #b3afc8; --paper: #211f33; --line: #3a3754; --accent: #a698ff; --on-accent: #17142b;
        --good: #5fd6a6; --bad: #ff9d94; --track: #35324d; color-scheme: dark;
      }
    }
    .card {
      position: relative; display: grid; grid-template-columns: 28px 1fr; column-gap: 12px; padding: 14px 16px;
      background: var(--paper); border: 1px solid var(--line); border-radius: 14px;
      box-shadow: 0 1px 2px rgb(20 16 50 / 12%), 0 12px 32px rgb(20 16 50 / 20%);
      animation: arrive 160ms ease-out;
    }
    .card[hidden] { display: none; }
    .card.leaving { opacity: 0; transition: opacity 300ms; }
    @keyframes arrive { from { opacity: 0; transform: translateY(8px); } }
    .mark { width: 28px; height: 28px; }
    .title {
      box-sizing: border-box; min-height: 28px; margin: 0; padding: 4px 26px 0 0;
      font-size: 14px; font-weight: 600; line-height: 20px; overflow-wrap: anywhere;
    }
    .text { margin: 2px 0 6px; color: var(--soft); overflow-wrap: anywhere; }
    .text:empty { display: none; }
    .text:last-child { margin-bottom: 0; }
    .text strong { color: var(--ink); font-weight: 600; }
    .body { grid-column: 2; }
    .bar { height: 6px; margin: 8px 0 4px; border-radius: 3px; background: var(--track); overflow: hidden; }
    .bar > i {
      display: block; height: 100%; border-radius: 3px; background: var(--accent);
      transform-origin: left; transition: transform 250ms;
    }
    .row { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 8px; }
    button {
      font: inherit; font-weight: 600; line-height: 20px; padding: 6px 12px; border-radius: 9px; cursor: pointer;
      border: 1px solid var(--line); background: transparent; color: var(--ink);
    }
    button.main { border-color: var(--accent); background: var(--accent); color: var(--on-accent); }
    /* No filter: what is filtered does not count as seen (sight.js). */
    button:hover { border-color: var(--accent); text-decoration: underline; }
    button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
    button.close {
      position: absolute; top: 14px; right: 12px; width: 28px; height: 28px; padding: 0;
      border-color: transparent; color: var(--soft); font-size: 18px; font-weight: 400;
    }
    .done .title { color: var(--good); }
    .plain .title { color: inherit; }
    .failed .title { color: var(--bad); }
    @media (prefers-reduced-motion: reduce) { .card, .card.leaving, .bar > i { animation: none; transition: none; } }
    @media (forced-colors: active) { .bar > i { background: Highlight; } .card { border-color: CanvasText; } }
  `;

  /** @type {HTMLElement | undefined} */
  let host;
  /** @type {HTMLElement | undefined} */
  let stack;

  const { text, whenBetter } = photoveil.words;

  /** What does not help against these is to try it at once: they have their own words. @type {FailureCode[]} */
  const WITHOUT_RETRY = ['daemon', 'too-large', 'unreadable', 'orphaned', 'cancelled'];

  /**
   * @template {keyof HTMLElementTagNameMap} T
   * @param {T} tag @param {string} className @param {string} [content] @returns {HTMLElementTagNameMap[T]}
   */
  function make(tag, className, content = '') {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (content) element.textContent = content;
    return element;
  }

  /** A portrait half behind its veil. */
  function mark() {
    const svg = document.createElementNS(SVG, 'svg');
    svg.setAttribute('viewBox', '0 0 128 128');
    svg.setAttribute('class', 'mark');
    svg.setAttribute('aria-hidden', 'true');
    /** @type {Array<[string, Record<string, string>]>} */
    const shapes = [
      ['rect', { width: '128', height: '128', rx: '30', fill: '#5b45e0' }],
      ['circle', { cx: '64', cy: '48', r: '21', fill: '#fff' }],
      ['path', { d: 'M22 112c0-24 18-38 42-38s42 14 42 38z', fill: '#fff' }],
      ['path', { d: 'M0 98C26 98 34 74 58 62S104 40 128 12v86a30 30 0 0 1-30 30H30A30 30 0 0 1 0 98z', fill: '#2a1d8f', 'fill-opacity': '.72' }],
    ];
    for (const [name, attributes] of shapes) {
      const shape = document.createElementNS(SVG, name);
      for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
      svg.append(shape);
    }
    return svg;
  }

  /** Constructed sheets pass any page's policy; where a browser refuses them here, a style element. @param {ShadowRoot} root */
  function addStyle(root) {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
    } catch {
      root.append(make('style', '', STYLE));
    }
  }

  function build() {
    host = make('div', '');
    stack = make('div', 'stack');
    const root = host.attachShadow({ mode: 'closed' });
    addStyle(root);
    root.append(stack);
    // What happens on the card is not the page's business: no outside-click handler, no keyboard shortcut.
    for (const type of ['click', 'pointerdown', 'pointerup', 'mousedown', 'mouseup', 'keydown', 'keyup', 'keypress', 'focusin']) {
      stack.addEventListener(type, (event) => event.stopPropagation());
    }
    return host;
  }

  /** Put the card where it can be seen and pressed: in an open modal dialog everything outside is inert. */
  function settle() {
    const element = host ?? build();
    const home = [...document.querySelectorAll('dialog:modal')].at(-1) ?? document.documentElement;
    if (element.parentNode === home) return;
    home.append(element);
    raise(element);
  }

  /**
   * Dress it, whatever the page has done to it, and bring it to the top.
   * @param {HTMLElement} element @returns {string} its style as it should be
   */
  function raise(element) {
    element.removeAttribute('style');
    const style = {
      all: 'initial', position: 'fixed', inset: 'auto 16px 16px auto', 'z-index': '2147483647', display: 'block',
      margin: '0', padding: '0', border: '0', background: 'transparent', overflow: 'visible', width: 'auto', height: 'auto',
    };
    for (const [key, value] of Object.entries(style)) element.style.setProperty(key, value, 'important');
    const dress = element.getAttribute('style') ?? '';
    try {
      element.popover = 'manual';
      element.hidePopover();
      element.showPopover();
    } catch {
      // Not in a rendered document: being last with the highest index has to do.
    }
    return dress;
  }

  /** @param {HTMLElement} button */
  function watch(button) {
    const element = host ?? build();
    return photoveil.sight.watch(element, button, () => {
      settle();
      return raise(element);
    });
  }

  /** As the extension's own pages say it (ui/page.js); the button below is this card's alone. @param {Failure} failure */
  function words({ code, title, reason, remedy }) {
    if (code === 'daemon' && title) return { title, reason: reason ?? '', remedy: remedy ?? '' };
    const name = code.replaceAll('-', '_');
    const then = WITHOUT_RETRY.includes(code) ? '' : text('then_retry');
    return {
      title: text(`failure_${name}_title`) || text('failure_daemon_title'),
      reason: text(`failure_${name}_reason`),
      remedy: [text(`failure_${name}_remedy`), then].filter(Boolean).join(' '),
    };
  }

  /** @param {number} count @param {Unchanged[]} unchanged @param {number} originals */
  function outcomeWords(count, unchanged, originals) {
    const isBare = count > 0 && unchanged.filter((reason) => reason === 'bare').length >= count;
    const title = count === 0 ? text(originals > 0 ? 'done_original_title' : 'done_unchanged_title')
      : isBare ? text('outcome_bare') : count === 1 ? text('done_one_title') : text('done_many_title', count);
    const notes = [...new Set(unchanged)].map((reason) => text(`unchanged_${reason}`));
    if (originals > 0) notes.push(text('done_original_note', originals));
    return { title, note: notes.join(' ') };
  }

  /** @param {CardActions} actions @returns {Card} */
  function open(actions) {
    const card = make('section', 'card');
    card.setAttribute('aria-label', 'Photoveil');
    const title = make('p', 'title');
    const body = make('div', 'body');
    const close = make('button', 'close', '×');
    card.append(mark(), title, body, close);
    card.hidden = true;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    /** @type {HTMLElement | undefined} */
    let fill;
    let mood = '';
    /** @type {Sight | undefined} */
    let sight;
    /** What is shown, to be said again in better words. */
    let again = () => undefined;

    /** @param {HTMLElement} button @param {() => void} action */
    const onPress = (button, action) => button.addEventListener('click', (event) => {
      if (event.isTrusted) action();
    });

    /** @param {string} next @param {string} heading @param {string} closeLabel @param {Node[]} parts */
    const show = (next, heading, closeLabel, ...parts) => {
      clearTimeout(timer);
      sight?.end();
      mood = next;
      card.className = `card ${next}`;
      title.setAttribute('role', next === 'failed' ? 'alert' : 'status');
      title.textContent = heading;
      close.setAttribute('aria-label', closeLabel);
      close.title = closeLabel;
      body.replaceChildren(...parts);
      settle();
      if (card.parentNode !== stack) stack?.append(card);
    };

    const remove = () => {
      again = () => undefined;
      clearTimeout(timer);
      sight?.end();
      card.remove();
      if (stack?.childElementCount === 0) host?.remove();
    };

    const leaveSoon = () => {
      timer = setTimeout(() => {
        if (card.matches(':hover, :focus-within')) {
          leaveSoon();
          return;
        }
        card.classList.add('leaving');
        timer = setTimeout(remove, 320);
      }, DONE_MS);
    };

    const dismiss = () => (mood === 'done' ? remove() : actions.cancel());
    onPress(close, dismiss);
    card.addEventListener('keydown', (event) => {
      if (event.isTrusted && event.key === 'Escape') dismiss();
    });

    /** @type {Card} */
    const said = {
      progress(done, total, fraction) {
        if (mood !== 'working') {
          const bar = make('div', 'bar');
          bar.setAttribute('role', 'progressbar');
          bar.setAttribute('aria-label', text('working_label'));
          fill = make('i', '');
          bar.append(fill);
          show('working', '', text('cancel'), bar, make('p', 'text', text('working_note')));
          timer = setTimeout(() => (card.hidden = false), QUIET_MS);
        } else settle();
        const heading = total === 1 ? text('working_one') : text('working_many', done + 1, total);
        if (title.textContent !== heading) title.textContent = heading;
        const part = Math.min((done + fraction) / total, 1);
        fill?.style.setProperty('transform', `scaleX(${Math.max(part, 0.03).toFixed(3)})`);
        fill?.parentElement?.setAttribute('aria-valuenow', String(Math.round(part * 100)));
      },
      done(count, unchanged, originals) {
        const { title: heading, note } = outcomeWords(count, unchanged, originals);
        show(count > 0 ? 'done' : 'done plain', heading, text('close'), make('p', 'text', note));
        mood = 'done';
        card.hidden = false;
        leaveSoon();
      },
      failed(failure, names) {
        const { title: heading, reason, remedy } = words(failure);
        const help = make('p', 'text');
        if (remedy) help.append(make('strong', '', remedy));
        const kept = make('p', 'text', names.length === 1 ? text('kept_one', names[0] ?? '') : text('kept_many', names.length));
        const row = make('div', 'row');
        const retry = make('button', 'main', text('retry'));
        const original = make('button', 'original', names.length === 1 ? text('use_original') : text('use_originals', names.length));
        row.append(retry, ...(photoveil.site.away === 'ask' ? [original] : []));
        onPress(retry, actions.retry);
        const once = make('p', 'text');
        once.setAttribute('role', 'alert');
        onPress(original, () => {
          if (sight?.canHaveSeen()) actions.original();
          else once.textContent = text('press_again');
        });
        show('failed', heading, text('leave_out'), make('p', 'text', reason), kept, help, once, row);
        card.hidden = false;
        if (original.isConnected) sight = watch(original);
      },
      close: remove,
    };

    /** @template {unknown[]} T @param {(...args: T) => void} tell @returns {(...args: T) => void} */
    const inBestWords = (tell) => (...args) => {
      again = () => {
        mood = '';
        tell(...args);
      };
      tell(...args);
      whenBetter(() => again());
    };
    return { progress: inBestWords(said.progress), done: inBestWords(said.done), failed: inBestWords(said.failed), close: remove };
  }

  return { open };
})();
