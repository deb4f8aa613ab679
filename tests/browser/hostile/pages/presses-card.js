// Looks for the card, and presses everywhere a script can.
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (init) {
  return attach.call(this, { ...init, mode: 'open' });
};

function press(host) {
  window.hostile.loot(`text: ${host.textContent} root: ${host.shadowRoot?.textContent ?? ''}`);
  host.click?.();
  host.focus?.();
  const { left, top, width, height } = host.getBoundingClientRect();
  for (let x = left + 4; x < left + width; x += 12) {
    for (let y = top + 4; y < top + height; y += 8) {
      const init = { bubbles: true, composed: true, cancelable: true, clientX: x, clientY: y, view: window };
      const target = document.elementFromPoint(x, y);
      for (const type of ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click']) target?.dispatchEvent(new MouseEvent(type, init));
    }
  }
  for (const key of ['Tab', 'Enter', ' ', 'Escape']) {
    for (const type of ['keydown', 'keypress', 'keyup']) host.dispatchEvent(new KeyboardEvent(type, { key, bubbles: true, composed: true }));
  }
  document.execCommand('selectAll');
  window.hostile.loot(`selected: ${getSelection()}`);
}

setInterval(() => {
  for (const node of document.documentElement.children) if (node.localName !== 'head' && node.localName !== 'body') press(node);
}, 300);
