import { ready } from '../page.js';

/** FilePond lays itself out in its first frames: a user could act once its label lies where it is seen. */
export function readyWhenShown() {
  const label = document.querySelector('.filepond--label-action');
  const { x, y, width, height } = label?.getBoundingClientRect() ?? new DOMRect();
  if (label && document.elementFromPoint(x + width / 2, y + height / 2) === label) void ready();
  else requestAnimationFrame(readyWhenShown);
}
