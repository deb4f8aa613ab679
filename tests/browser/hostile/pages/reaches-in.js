// Knocks at the extension's pages, its messages and the daemon itself; the test says who they are.
const { loot } = window.hostile;

function knock(what, attempt) {
  return Promise.race([attempt(), new Promise((_, reject) => setTimeout(() => reject(new Error('no answer')), 1_500))]).then(
    (got) => loot(`got ${what}: ${got}`), (error) => loot(`nothing of ${what}: ${error}`),
  );
}

window.reachIn = (extension, id, port) => {
  const jobs = [];
  for (const path of ['manifest.json', 'ui/popup.html', 'background/main.js', 'content/bridge.js', 'icons/photoveil-48.png']) {
    jobs.push(knock(path, async () => (await fetch(`${extension}/${path}`)).text()));
    jobs.push(knock(`frame ${path}`, () => new Promise((resolve, reject) => {
      const frame = document.createElement('iframe');
      frame.src = `${extension}/${path}`;
      frame.onload = () => {
        try {
          const html = frame.contentDocument.documentElement.outerHTML;
          if (html === '<html><head></head><body></body></html>') reject(new Error('empty'));
          else resolve(html);
        } catch (error) {
          reject(error);
        }
      };
      document.body.append(frame);
    })));
    jobs.push(knock(`image ${path}`, () => new Promise((resolve, reject) => {
      const image = new Image();
      image.onload = () => resolve(image.width);
      image.onerror = reject;
      image.src = `${extension}/${path}`;
    })));
  }
  const api = window.browser ?? window.chrome;
  for (const message of [{ kind: 'state' }, { kind: 'protect', id: '0'.repeat(36) }, { kind: 'recent' }, { kind: 'forget' }]) {
    jobs.push(knock(`message ${message.kind}`, async () => JSON.stringify(await api.runtime.sendMessage(id, message))));
    window.postMessage(message, '*');
    new BroadcastChannel('photoveil').postMessage(message);
  }
  jobs.push(knock('indexedDB', async () => {
    const names = (await indexedDB.databases()).map(({ name }) => name).join();
    if (!names) throw new Error('none');
    return names;
  }));
  for (const verb of ['session', 'status', 'lookup', 'protect', 'pair/begin']) {
    for (const mode of ['cors', 'no-cors']) {
      const headers = mode === 'cors' ? { 'X-Photoveil': '1', 'Content-Type': 'application/json' } : {};
      jobs.push(knock(`daemon ${verb} ${mode}`, async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/v1/${verb}`, { method: 'POST', mode, headers, body: '{}' });
        if (answer.type === 'opaque') throw new Error('opaque');
        return answer.text();
      }));
    }
  }
  return Promise.all(jobs).then(() => 'done');
};
