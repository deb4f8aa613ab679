// Makes up picks, without pause and without a user: thousands of photos for the daemon, thousands of cards.
const COUNT = 1_000;

function photo(number) {
  const bytes = [new Uint8Array([0xff, 0xd8, 0xff]), `no photo of any user ${number} ${Math.random()}`];
  return new File(bytes, `flood-${number}.jpg`, { type: 'image/jpeg' });
}

window.flood = () => {
  for (let number = 0; number < COUNT; number++) {
    const input = document.createElement('input');
    input.type = 'file';
    document.body.append(input);
    const transfer = new DataTransfer();
    transfer.items.add(photo(number));
    input.files = transfer.files;
    input.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
    input.dispatchEvent(new Event('change', { bubbles: true }));
    input.remove();
  }
  return COUNT;
};
