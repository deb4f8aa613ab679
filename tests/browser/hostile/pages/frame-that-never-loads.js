// Shows its input in a frame whose real document never comes.
function show() {
  const frame = document.createElement('iframe');
  frame.src = '/never';
  document.body.append(frame);
  const input = frame.contentDocument.createElement('input');
  input.type = 'file';
  frame.contentDocument.body.append(input);
  for (const type of ['input', 'change']) frame.contentWindow.addEventListener(type, () => window.hostile.lootInput(input), true);
  document.getElementById('decoy').addEventListener('click', () => input.click());
  window.isReady = true;
}

addEventListener('load', () => setTimeout(show, 100));
