/**
 * While a photo is being protected its form must not leave without it: the submission is held and made up for after.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

photoveil.forms ??= (() => {
  const { bridge, listen, roots } = photoveil;

  /** A press this long ago is still what a submission comes from. */
  const INTENT_MS = 1_000;

  /** What a call of `form.submit()` leaves out: checks, the `submit` event, a button. */
  const BARE = 'bare';

  /** @type {Set<HTMLInputElement>} */
  const pending = new Set();

  /** A `submit` event that a page made up: the page's listeners act on it, the browser does not. */
  const MADE_UP = 'made up';

  /** @typedef {HTMLElement | null | typeof BARE | typeof MADE_UP} How a button, none, or without the browser's usual way */

  /** Submissions the user or the page asked for meanwhile. @type {Map<HTMLFormElement, How>} */
  const held = new Map();

  /** @type {{at: number, form: HTMLFormElement | null, submitter: HTMLElement | null}} */
  let intent = { at: 0, form: null, submitter: null };

  /**
   * A form's own properties may be its fields by those names: ask the prototype.
   * @param {unknown} node @returns {node is HTMLFormElement}
   */
  function isForm(node) {
    return node instanceof Element && Reflect.get(Element.prototype, 'localName', node) === 'form';
  }

  /** @param {HTMLFormElement} form */
  function isPending(form) {
    for (const input of pending) if (input.form === form) return true;
    return false;
  }

  /** @param {Event} event */
  function onSubmit(event) {
    const [form] = event.composedPath();
    if (!isForm(form)) return;
    if (!isPending(form)) {
      held.delete(form);
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    const submitter = event instanceof SubmitEvent ? event.submitter : null;
    held.set(form, event.isTrusted ? submitter : MADE_UP);
  }

  /** @param {Event} event */
  function onPress(event) {
    const target = event.composedPath()[0];
    if (!event.isTrusted || !(target instanceof Element)) return;
    const button = target.closest('button, input[type=submit], input[type=image]');
    const isSubmitter = (button instanceof HTMLButtonElement && button.type === 'submit') || button instanceof HTMLInputElement;
    if (isSubmitter) intent = { at: Date.now(), form: button.form, submitter: button };
  }

  /**
   * A `required` input is empty while its photo is held; the browser would complain to a user who has picked one.
   * @param {Event} event
   */
  function onInvalid(event) {
    const input = event.composedPath()[0];
    if (!roots.isFileInput(input) || !pending.has(input) || !input.required) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { form } = input;
    if (form && intent.form === form && Date.now() - intent.at < INTENT_MS) held.set(form, intent.submitter);
  }

  /** @param {EventTarget} target */
  function watch(target) {
    target.addEventListener('submit', onSubmit, true);
    target.addEventListener('click', onPress, true);
    target.addEventListener('invalid', onInvalid, true);
  }

  /** @param {HTMLFormElement} form @param {How} how */
  function send(form, how) {
    // This world's own function: the page's is wrapped, or anything the page made of it.
    if (how === BARE) HTMLFormElement.prototype.submit.call(form);
    else if (how === MADE_UP) EventTarget.prototype.dispatchEvent.call(form, new SubmitEvent('submit', { bubbles: true, cancelable: true }));
    else HTMLFormElement.prototype.requestSubmit.call(form, how?.isConnected ? how : null);
  }

  listen('submit', onSubmit);
  listen('click', onPress);
  listen('invalid', onInvalid);

  bridge.on('form-submit', (_data, node) => {
    if (!isForm(node) || !isPending(node)) return false;
    held.set(node, BARE);
    return true;
  });

  return {
    /** @param {HTMLInputElement} input */
    hold(input) {
      pending.add(input);
      // In a shadow tree `submit` and `invalid` stay in the tree.
      roots.around(input).forEach(watch);
    },
    /** The input has its files: send what waited for it. @param {HTMLInputElement} input */
    release(input) {
      pending.delete(input);
      const { form } = input;
      if (!form || isPending(form) || !held.has(form)) return;
      const how = held.get(form) ?? null;
      held.delete(form);
      if (Reflect.get(Node.prototype, 'isConnected', form)) send(form, how);
    },
    /** The photo failed: the user may send the form without it; a submission held before waits for a retry. @param {HTMLInputElement} input */
    pause(input) {
      pending.delete(input);
    },
    /** The pick was given up: what waited for it is given up too. @param {HTMLInputElement} input */
    forget(input) {
      pending.delete(input);
      if (input.form && !isPending(input.form)) held.delete(input.form);
    },
  };
})();
