/**
 * What the libraries' pages have in common: where a photo goes, and the word that a user could act now.
 */

/** The address of the cell that runs, so that what arrives late is counted to the right one. */
export const UPLOAD = `/upload${location.search}`;
export const TUS = `/tus/${location.search}`;

/** Tell the runner that the page is as a user would meet it. */
export function ready() {
  return fetch(`/ready${location.search}`);
}

/** @type {Promise<unknown>} */
let last = Promise.resolve();

/**
 * Post files as most pages do; one post after the other, so that their order can be seen.
 * @param {Iterable<File>} files
 */
export function upload(files) {
  const body = new FormData();
  for (const file of files) body.append('files', file);
  const answer = last.then(() => fetch(UPLOAD, { method: 'POST', body }));
  last = answer.catch(() => undefined);
  return answer;
}
