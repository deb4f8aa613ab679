/** Browsers end an idle background after 30 s, even in the middle of a request; an API call every 10 s keeps it. */
export const KEEP_ALIVE_MS = 10_000;

/** Stay until the function that is returned is called. */
export function stayAwake() {
  const timer = setInterval(() => void chrome.runtime.getPlatformInfo(), KEEP_ALIVE_MS);
  return () => clearInterval(timer);
}

/** Stay as long as something is on its way. @template T @param {Promise<T>} promise @returns {Promise<T>} */
export async function keepingAlive(promise) {
  const sleep = stayAwake();
  try {
    return await promise;
  } finally {
    sleep();
  }
}
