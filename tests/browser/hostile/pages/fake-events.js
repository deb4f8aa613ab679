// Makes up every event there is around an input that is held, and moves it about.
const { lootInput } = window.hostile;

function harass(input) {
  for (const type of ['input', 'change', 'cancel', 'invalid', 'reset', 'submit', 'formdata', 'click', 'load']) {
    const init = { bubbles: true, composed: true, cancelable: true, relatedTarget: input };
    input.dispatchEvent(new Event(type, init));
    input.form?.dispatchEvent(new Event(type, init));
    document.documentElement.lastElementChild?.dispatchEvent(new MouseEvent(type, init));
  }
  input.type = 'text';
  input.type = 'file';
  lootInput(input);
  const other = document.createElement('form');
  other.append(input.cloneNode(true));
  document.getElementById('form').append(input);
  lootInput(input);
}

// Firefox sends a form even for a made-up `submit`.
addEventListener('submit', (event) => event.preventDefault());

// As soon as the card is there, the photo is held.
new MutationObserver((_records, observer) => {
  const { lastElementChild: last } = document.documentElement;
  if (!last || last.localName === 'body' || last.localName === 'head') return;
  observer.disconnect();
  const input = document.getElementById('photos');
  let rounds = 0;
  const timer = setInterval(() => {
    harass(input);
    if (++rounds > 20) clearInterval(timer);
  }, 10);
}).observe(document, { childList: true, subtree: true });
