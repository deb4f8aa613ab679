/**
 * What a browser does with a paste or drop that no script of the page takes: put it into the text. Through the editing
 * commands, so that the user can undo it.
 */
globalThis.photoveil ??= /** @type {PhotoveilContent} */ ({});

photoveil.insertion ??= (() => {
  const { markup } = photoveil;
  const TEXT_FIELDS = new Set(['text', 'search', 'url', 'tel', 'email', 'password', 'number']);

  /** @param {Element} node @returns {node is HTMLInputElement | HTMLTextAreaElement} */
  function isTextField(node) {
    return node instanceof HTMLTextAreaElement || (node instanceof HTMLInputElement && TEXT_FIELDS.has(node.type));
  }

  /** @param {HTMLElement} node */
  function editorAround(node) {
    let editor = node;
    while (editor.parentElement?.isContentEditable) editor = editor.parentElement;
    return editor;
  }

  /** @param {{x: number, y: number} | undefined} point where it was dropped; a paste goes where the selection is */
  function rangeAt(point) {
    const caret = point && document.caretPositionFromPoint?.(point.x, point.y);
    if (caret) {
      const range = document.createRange();
      range.setStart(caret.offsetNode, caret.offset);
      return range;
    }
    const selection = document.getSelection();
    return selection?.rangeCount ? selection.getRangeAt(0).cloneRange() : undefined;
  }

  /** @param {Element} target @param {{x: number, y: number}} [point] @returns {InsertionPlace | undefined} */
  function placeIn(target, point) {
    if (isTextField(target)) return target.disabled || target.readOnly ? undefined : { field: target };
    if (!(target instanceof HTMLElement) || !target.isContentEditable) return undefined;
    const editor = editorAround(target);
    const range = rangeAt(point);
    return { editor, range: range && editor.contains(range.commonAncestorContainer) ? range : undefined };
  }

  /** @param {Element} element */
  function hasFocus(element) {
    return /** @type {Document | ShadowRoot} */ (element.getRootNode()).activeElement === element;
  }

  /** @param {HTMLInputElement | HTMLTextAreaElement} field @param {string} text */
  function intoField(field, text) {
    if (hasFocus(field)) {
      document.execCommand('insertText', false, text);
      return;
    }
    // The user is busy elsewhere: no stealing of the focus.
    field.setRangeText(text, field.selectionStart ?? field.value.length, field.selectionEnd ?? field.value.length, 'end');
    field.dispatchEvent(new InputEvent('input', { inputType: 'insertFromPaste', data: text, bubbles: true, composed: true }));
  }

  /**
   * Run an editing command where the paste was made, and put the focus back.
   * @param {{editor: HTMLElement, range: Range | undefined}} place @param {string} command @param {string} value
   */
  function edit({ editor, range }, command, value) {
    if (!editor.isConnected) return;
    const busy = hasFocus(editor) ? undefined : document.activeElement;
    if (busy) editor.focus({ preventScroll: true });
    const selection = document.getSelection();
    if (range?.startContainer.isConnected && selection) {
      selection.removeAllRanges();
      selection.addRange(range);
    }
    document.execCommand(command, false, value);
    if (busy instanceof HTMLElement) busy.focus({ preventScroll: true });
  }

  /** @param {File} file @returns {Promise<string>} */
  function dataUrl(file) {
    return new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(String(reader.result));
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(file);
    });
  }

  /** @param {ItemWords[]} items @param {string} type */
  function wordsOf(items, type) {
    return items.map((item) => ('text' in item && item.type === type ? item.text : '')).join('');
  }

  /**
   * Markup goes before pictures and pictures before plain words, as in a browser.
   * @param {Extract<InsertionPlace, {editor: HTMLElement}>} place @param {ItemWords[]} items @param {File[]} files
   */
  async function intoEditor(place, items, files) {
    const html = markup.harmless(wordsOf(items, 'text/html'));
    const pictures = files.filter(({ type }) => type.startsWith('image/'));
    if (html) edit(place, 'insertHTML', html);
    else if (pictures.length > 0) for (const url of await Promise.all(pictures.map(dataUrl))) edit(place, 'insertImage', url);
    else intoText(place, wordsOf(items, 'text/plain'));
  }

  /** No words take no selected text away. @param {InsertionPlace} place @param {string} text */
  function intoText(place, text) {
    if (!text) return;
    if ('field' in place) intoField(place.field, text);
    else edit(place, 'insertText', text);
  }

  return {
    placeIn,
    insert(place, items, files) {
      if (!place) return;
      if ('editor' in place && place.editor.contentEditable !== 'plaintext-only') void intoEditor(place, items, files);
      else intoText(place, wordsOf(items, 'text/plain'));
    },
  };
})();
