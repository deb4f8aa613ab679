// The same with a frame whose document is still on its way: no extension's script has run in it yet.
addEventListener('DOMContentLoaded', () => {
  document.getElementById('decoy').addEventListener('click', () => {
    const frame = document.createElement('iframe');
    frame.srcdoc = '<p>soon</p>';
    document.body.append(frame);
    const { HTMLElement, EventTarget } = frame.contentWindow;
    const input = document.createElement('input');
    input.type = 'file';
    for (const type of ['input', 'change']) EventTarget.prototype.addEventListener.call(input, type, () => window.hostile.lootInput(input), true);
    HTMLElement.prototype.click.call(input);
  });
});
