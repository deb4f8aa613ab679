/**
 * `document.open()`, and `write()` where it opens, take away every listener on the window: the content script has to add
 * its own again before the page adds any.
 */
photoveilPage.documents = (() => {
  const { bridge, natives } = photoveilPage;
  const { apply, wrap } = natives;

  /** How many of these functions run: what they write may have scripts in it, which run before they return. */
  let running = 0;

  for (const name of ['open', 'write', 'writeln']) {
    wrap(Document.prototype, name, (native, self, args) => {
      running++;
      try {
        return apply(native, self, args);
      } finally {
        running--;
        bridge.send('reopened');
      }
    });
  }

  return {
    beforeListening() {
      if (running > 0) bridge.send('reopened');
    },
  };
})();
