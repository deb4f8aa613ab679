/**
 * What a file is: by its type at once, by its first bytes a moment later.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

photoveil.files ??= (() => {
  const HEAD_BYTES = 64;

  /** Types that are surely no photo; everything else is held until its bytes have been seen. */
  const NO_PHOTO = /^(video|audio|text|font|model|message)\/|^application\/(pdf|zip|gzip|json|xml|javascript|msword|rtf|vnd\.|x-(7z|rar|tar|zip))/;

  /**
   * Decided synchronously, before the page's own listeners run, so in doubt: yes.
   * @param {{type: string, name: string}} file
   */
  function isCandidate({ type }) {
    return !NO_PHOTO.test(type.toLowerCase());
  }

  /** @param {Uint8Array} head @param {number} at @param {string} text */
  function has(head, at, text) {
    for (let i = 0; i < text.length; i++) if (head[at + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  /** The magic bytes of what the daemon may know how to read: all parts of a row at their places. @type {Array<Array<[number, string]>>} */
  const PICTURES = [
    [[0, '\xff\xd8\xff']], // JPEG
    [[0, '\x89PNG\r\n\x1a\n']],
    [[0, 'GIF8']],
    [[0, 'RIFF'], [8, 'WEBP']],
    ...['heic', 'heix', 'hevc', 'hevx', 'heim', 'heis', 'mif1', 'msf1', 'avif', 'avis'].map(
      (brand) => /** @type {Array<[number, string]>} */ ([[4, 'ftyp'], [8, brand]]),
    ),
    [[0, 'II*\0']], [[0, 'MM\0*']], [[0, 'II+\0']], [[0, 'MM\0+']], // TIFF and most RAW
    [[0, 'BM'], [6, '\0\0\0\0']],
    [[0, '\0\0\x01\0']], // icon
    [[0, '\0\0\0\x0cJXL ']], [[0, '\xff\x0a']], // JPEG XL
    [[0, '\0\0\0\x0cjP  ']], [[0, '\xff\x4f\xff\x51']], // JPEG 2000
    [[0, '8BPS']],
    [[0, 'FUJIFILMCCD-RAW']],
  ];

  /** @param {Uint8Array} head @returns {'photo' | 'drawing' | 'other'} */
  function kind(head) {
    if (PICTURES.some((parts) => parts.every(([at, text]) => has(head, at, text)))) return 'photo';
    const text = String.fromCharCode(...head).replace(/^\xef\xbb\xbf/, '').trimStart();
    return /^<(svg|\?xml|!doctype svg)/i.test(text) ? 'drawing' : 'other';
  }

  /**
   * FileReader, because Firefox does not let a content script await a promise of the page's file.
   * @param {File} file @returns {Promise<Uint8Array>}
   */
  function readHead(file) {
    return new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(new Uint8Array(/** @type {ArrayBuffer} */ (reader.result)));
      reader.onerror = () => reject(reader.error);
      reader.readAsArrayBuffer(file.slice(0, HEAD_BYTES));
    });
  }

  /**
   * An `image/…` that we do not know is still treated as a photo: the daemon will say that it cannot read it, and the
   * user decides. A drawing (SVG) has no pixels to protect.
   * @param {File} file
   */
  async function looksLikePhoto(file) {
    const found = kind(await readHead(file));
    if (found === 'photo') return true;
    return found === 'other' && file.size > 0 && file.type.toLowerCase().startsWith('image/') && !/svg/i.test(file.type);
  }

  return { isCandidate, kind, looksLikePhoto };
})();
