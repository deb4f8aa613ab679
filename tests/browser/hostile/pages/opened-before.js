// Was open before the user added the site: listens on the window first, and keeps names that extensions might look for.
addEventListener('DOMContentLoaded', () => {
  const form = document.createElement('form');
  form.id = 'photoveil';
  form.append(Object.assign(document.createElement('input'), { name: 'started', type: 'hidden' }));
  document.body.append(form);
});
document.addEventListener('load', (event) => {
  const port = event.relatedTarget;
  if (!port) return;
  for (const type of ['content', 'content-files', 'content-node', 'content-answer']) {
    port.addEventListener(type, (message) => {
      window.hostile.loot(`heard ${type}: ${message.detail}`);
      window.hostile.lootFiles(message.submitter?.files);
    });
  }
}, true);
