/**
 * The card's words. The browser has them; where it has lost them for this page's process (background/words.js tells when), the
 * background brings them; and where nobody does, as after an update of the extension, what matters most is said in English.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

photoveil.words ??= (() => {
  /** Enough to know what happened and what each button does. @type {Record<string, string>} */
  const LAST = {
    cancel: 'Cancel: leave the photo out',
    close: 'Close',
    done_many_title: '$1 photos protected',
    done_one_title: 'Photo protected',
    done_original_title: 'Original sent this time',
    done_unchanged_title: 'Sent unchanged',
    failure_daemon_title: 'This photo could not be protected',
    failure_orphaned_reason: 'This page still runs the old version.',
    failure_orphaned_remedy: 'Reload the page and pick the photo again.',
    failure_orphaned_title: 'Photoveil was updated',
    kept_many: '$1 photos have not left your computer. The page got nothing.',
    kept_one: '“$1” has not left your computer. The page got nothing.',
    leave_out: 'Leave the photo out',
    press_again: 'That press did not count: something of the page may have covered this. Read it, then press again.',
    retry: 'Retry',
    use_original: 'Use the original this time',
    use_originals: 'Use $1 originals this time',
    working_label: 'Protection in progress',
    working_many: 'Protecting $1 of $2…',
    working_one: 'Protecting your photo…',
  };

  /** With gaps from `$1` on. @type {Record<string, string>} */
  let brought = {};

  /** @type {Promise<void> | undefined} */
  let bringing;
  let isOver = false;

  /** @param {string} key @param {string[]} values */
  function browsers(key, values) {
    try {
      return chrome.i18n.getMessage(key, values);
    } catch {
      // A script whose extension was updated is told nothing any more.
      return '';
    }
  }

  /** @param {string} key @param {Array<string | number>} values */
  function text(key, ...values) {
    const said = values.map(String);
    return browsers(key, said) || (brought[key] ?? LAST[key] ?? '').replace(/\$([1-9])/g, (_, number) => said[Number(number) - 1] ?? '');
  }

  /** Tell when there are better words than now; never, where there are none to wait for. @param {() => void} tell */
  function whenBetter(tell) {
    if (isOver || browsers('language', [])) return;
    bringing ??= bring();
    void bringing.then(tell);
  }

  async function bring() {
    brought = (await photoveil.background.words().catch(() => undefined)) ?? {};
    isOver = true;
  }

  return { text, whenBetter };
})();
