// Watches the whole document, and reads all that changes in it.
const { loot } = window.hostile;
new MutationObserver((records) => {
  for (const { addedNodes, target } of records) {
    for (const node of addedNodes) {
      if (node.parentNode !== document.documentElement || node.localName === 'body' || node.localName === 'head') continue;
      loot(`card: ${node.outerHTML} | ${node.textContent} | ${node.innerText}`);
      loot(`inside: ${node.shadowRoot} | ${node.getHTML?.({ serializableShadowRoots: true })}`);
      loot(`at: ${JSON.stringify(node.getBoundingClientRect())}`);
    }
    if (target.shadowRoot) loot(`root: ${target.shadowRoot.innerHTML}`);
  }
}).observe(document, { childList: true, subtree: true, attributes: true, characterData: true });
