/**
 * While a photo is being protected its form must not leave without it: the submission is held and made up for after.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

photoveil.forms ??= (() => {
  /** A press this long ago is still what a submission comes from. */
  const INTENT_MS = 1_000;

  /** @type {Set<HTMLInputElement>} */
  const pending = new Set();

  /** Submissions the user asked for meanwhile. @type {Map<HTMLFormElement, HTMLElement | null>} */
  const held = new Map();

  /** @type {{at: number, form: HTMLFormElement | null, submitter: HTMLElement | null}} */
  let intent = { at: 0, form: null, submitter: null };

  /** @param {HTMLFormElement} form */
  function isPending(form) {
    for (const input of pending) if (input.form === form) return true;
    return false;
  }

  /** @param {SubmitEvent} event */
  function onSubmit(event) {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    if (!isPending(form)) {
      held.delete(form);
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    held.set(form, event.submitter);
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
    const input = event.target;
    if (!(input instanceof HTMLInputElement) || !pending.has(input) || !input.required) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { form } = input;
    if (form && intent.form === form && Date.now() - intent.at < INTENT_MS) held.set(form, intent.submitter);
  }

  window.addEventListener('submit', onSubmit, true);
  window.addEventListener('click', onPress, true);
  window.addEventListener('invalid', onInvalid, true);

  return {
    /** @param {HTMLInputElement} input */
    hold(input) {
      pending.add(input);
    },
    /** The input has its files: send what waited for it. @param {HTMLInputElement} input */
    release(input) {
      pending.delete(input);
      const { form } = input;
      if (!form || isPending(form) || !held.has(form)) return;
      const submitter = held.get(form) ?? null;
      held.delete(form);
      if (form.isConnected) form.requestSubmit(submitter?.isConnected ? submitter : null);
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
