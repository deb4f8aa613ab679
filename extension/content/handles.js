/**
 * Files the page reads by itself, out of handles or the clipboard: page/handles.js asks before it hands them on.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

photoveil.handles ??= (() => {
  const { background, batch, bridge, site } = photoveil;

  // The user is about to look for a photo: time enough for the daemon to warm up.
  bridge.on('picker', () => {
    if (site.enabled) background.prewarm();
  });

  bridge.on('holds', ({ name, type }) => batch.candidates([new File([], String(name), { type: String(type) })]));

  bridge.onAsk((what, _data, [file]) => {
    if (what !== 'read' || !file) return undefined;
    return batch.join(file).then((safe) => (safe ? [safe] : undefined));
  });

  return { started: true };
})();
