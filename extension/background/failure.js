/** A failure on its way to the user; its code or its words say which. */
export class DaemonError extends Error {
  /** @param {FailureCode} code @param {Omit<Failure, 'code'>} [words] */
  constructor(code, words) {
    super(words?.title ?? code);
    /** @type {Failure} */
    this.failure = { ...words, code };
  }
}

/** @param {unknown} error @returns {Failure} */
export function failureOf(error) {
  if (error instanceof DaemonError) return error.failure;
  return { code: 'odd-answer', reason: String(error) };
}
