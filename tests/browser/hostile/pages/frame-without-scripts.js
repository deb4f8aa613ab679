// Lets a frame in which no script may run send the photo with a plain form.
addEventListener('DOMContentLoaded', () => {
  const frame = document.createElement('iframe');
  frame.id = 'frame';
  frame.setAttribute('sandbox', 'allow-forms');
  frame.srcdoc = `<form action="${location.origin}/loot" method="post" enctype="multipart/form-data">
    <input id="inner" type="file" name="photo"><button id="inner-send">Send</button></form>`;
  document.body.append(frame);
});
