// Listens to everything first, and looks into every input all the time.
const { lootInput, lootFiles } = window.hostile;

function look() {
  for (const input of document.querySelectorAll('input[type=file]')) lootInput(input);
}

const TYPES = ['input', 'change', 'beforeinput', 'cancel', 'invalid', 'focus', 'focusin', 'blur', 'click', 'pointerup', 'formdata', 'submit'];
for (const type of TYPES) {
  for (const target of [window, document]) target.addEventListener(type, (event) => {
    look();
    lootFiles(event.target.files);
  }, true);
}
setInterval(look, 4);
(function frame() {
  look();
  requestAnimationFrame(frame);
})();
const { port1, port2 } = new MessageChannel();
port1.onmessage = () => {
  look();
  setTimeout(() => port2.postMessage(0), 4);
};
port2.postMessage(0);
