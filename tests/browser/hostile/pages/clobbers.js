// Gives elements the names of what scripts look for on the document, the window and the form.
addEventListener('DOMContentLoaded', () => {
  const shelter = document.createElement('div');
  shelter.hidden = true;
  const named = (tag, name) => {
    const element = document.createElement(tag);
    element.setAttribute('name', name);
    element.id = name;
    return element;
  };
  const looked = [
    'documentElement', 'body', 'createElement', 'createElementNS', 'querySelectorAll', 'querySelector', 'getSelection', 'elementFromPoint',
    'dispatchEvent', 'addEventListener', 'defaultView', 'activeElement', 'photoveil', 'photoveilPage', 'chrome', 'browser',
  ];
  for (const name of looked) {
    shelter.append(named('form', name), named('img', name));
  }
  document.body.append(shelter);
  const form = document.getElementById('form');
  const names = ['requestSubmit', 'submit', 'isConnected', 'localName', 'nodeType', 'getRootNode', 'dispatchEvent', 'addEventListener', 'elements'];
  for (const name of names) {
    form.append(Object.assign(document.createElement('input'), { type: 'hidden', name }));
  }
});
