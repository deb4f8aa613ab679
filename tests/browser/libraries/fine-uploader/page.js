import qq from 'fine-uploader/lib/core';
import { DragAndDrop } from 'fine-uploader/lib/dnd';

import { UPLOAD, ready } from '../page.js';

const uploader = new qq.FineUploaderBasic({
  button: document.getElementById('browse'),
  request: { endpoint: UPLOAD },
  paste: { targetElement: document.body },
  maxConnections: 1,
  // The next cell leaves as soon as the file has arrived.
  warnBeforeUnload: false,
});
new DragAndDrop({
  dropZoneElements: [document.getElementById('zone')],
  callbacks: { processingDroppedFilesComplete: (files) => uploader.addFiles(files) },
});
void ready();
