/**
 * The content scripts' only door to the background: photos out, protected photos back, progress in between.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

photoveil.background ??= (() => {
  /**
   * The background says at once that it has a photo, and gives a sign of life every 10 s from then on. A browser may
   * end it at any time, even with a message on its way that then nobody answers: silence means that it is gone.
   */
  const FIRST_SIGN_MS = 8_000;
  const SILENCE_MS = 32_000;

  /**
   * A photo that went away with the background is sent again after each of these pauses: a message that meets a
   * background on its way out is lost without a word (seen in Chromium 156).
   */
  const RESEND_AFTER_MS = [600, 1_500];

  /** @type {Map<string, (progress: Progress) => void>} */
  const listeners = new Map();

  chrome.runtime.onMessage.addListener((/** @type {Progress | {kind: 'ping'}} */ message, _sender, sendResponse) => {
    if (message?.kind === 'progress') {
      // The page may be another one by now: then nobody waits for this photo.
      const listener = listeners.get(message.id);
      listener?.(message);
      sendResponse(listener !== undefined);
    }
    if (message?.kind === 'ping') sendResponse(true);
  });

  /** After an update of the extension this script lives on without its background. */
  function isOrphaned() {
    return chrome.runtime?.id === undefined;
  }

  /** @param {PageRequest} request @returns {Promise<any>} */
  function send(request) {
    if (isOrphaned()) return Promise.reject(new Error('orphaned'));
    return chrome.runtime.sendMessage(request);
  }

  /** @param {FailureCode} code @returns {ProtectAnswer} */
  function failed(code) {
    return { outcome: 'failed', failure: { code } };
  }

  function randomId() {
    // crypto.randomUUID exists only in secure contexts; a page on plain http is not one.
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }

  /**
   * One try, ended by an answer or by the signal; rejected when the background is gone.
   * @param {File} file @param {{name: string, type: string}} meta
   * @param {(progress: Progress) => void} onProgress @param {AbortSignal} signal
   * @returns {Promise<ProtectAnswer>}
   */
  function sendOnce(file, meta, onProgress, signal) {
    const id = randomId();
    return new Promise((resolve, reject) => {
      /** @type {ReturnType<typeof setTimeout>} */
      let silence;
      const cancel = () => {
        end(() => resolve(failed('cancelled')));
        send({ kind: 'cancel', id }).catch(() => undefined);
      };
      const end = (/** @type {() => void} */ settle) => {
        clearTimeout(silence);
        listeners.delete(id);
        signal.removeEventListener('abort', cancel);
        settle();
      };
      const waitFor = (/** @type {number} */ ms) => {
        clearTimeout(silence);
        silence = setTimeout(() => end(() => reject(new Error('silence'))), ms);
      };
      waitFor(FIRST_SIGN_MS);
      listeners.set(id, (progress) => {
        waitFor(SILENCE_MS);
        onProgress(progress);
      });
      signal.addEventListener('abort', cancel);
      send({ kind: 'protect', id, blob: file, meta }).then(
        (answer) => end(() => (answer ? resolve(answer) : reject(new Error('no answer')))),
        (error) => end(() => reject(error)),
      );
    });
  }

  return {
    async protect(file, meta, onProgress, signal) {
      for (let resends = 0; ; resends++) {
        if (signal.aborted) return failed('cancelled');
        try {
          return await sendOnce(file, meta, onProgress, signal);
        } catch {
          if (isOrphaned()) return failed('orphaned');
          const pause = RESEND_AFTER_MS[resends];
          if (pause === undefined) return failed('timeout');
          await new Promise((resolve) => setTimeout(resolve, pause));
        }
      }
    },
    prewarm() {
      send({ kind: 'prewarm' }).catch(() => undefined);
    },
    async isDashboard() {
      return (await send({ kind: 'dashboard' }).catch(() => false)) === true;
    },
    words() {
      return send({ kind: 'words' });
    },
    async startInFrames() {
      if ((await send({ kind: 'frames' })) !== true) throw new Error('not started');
    },
    tellSite(enabled) {
      send({ kind: 'site', enabled }).catch(() => undefined);
    },
    originalUsed(count) {
      send({ kind: 'original-used', count }).catch(() => undefined);
    },
  };
})();
