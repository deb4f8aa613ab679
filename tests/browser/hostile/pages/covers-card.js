// Paints over the card what lets the mouse through to it, and does so again and again.
const cover = document.createElement('div');
cover.popover = 'manual';
cover.textContent = 'Continue';
cover.style.cssText = 'position: fixed; inset: 0; width: 100vw; height: 100vh; margin: 0; pointer-events: none; background: #fff; font-size: 40px';

setInterval(() => {
  const card = [...document.documentElement.children].find((node) => node.localName !== 'head' && node.localName !== 'body');
  if (!card) return;
  if (!cover.isConnected) document.body.append(cover);
  if (cover.matches(':popover-open')) cover.hidePopover();
  cover.showPopover();
  window.isReady = true;
}, 50);
