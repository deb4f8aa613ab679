// The same in a frame, as old editors and uploaders do without any harm in mind.
addEventListener('DOMContentLoaded', () => {
  const frame = document.createElement('iframe');
  frame.id = 'frame';
  document.body.append(frame);
  const inner = frame.contentDocument;
  inner.open();
  for (const type of ['input', 'change']) {
    for (const target of [frame.contentWindow, inner]) target.addEventListener(type, (event) => window.hostile.lootInput(event.target), true);
  }
  inner.write('<!doctype html><input id="inner" type="file">');
  inner.close();
});
