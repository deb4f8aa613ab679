import 'trix';
import 'trix/dist/trix.css';

import { ready, upload } from '../page.js';

/** As Trix's own guide has it. @param {CustomEvent} event */
async function attach({ attachment }) {
  if (!attachment.file) return;
  const answer = await upload([attachment.file]);
  const { url } = await answer.json();
  attachment.setAttributes({ url, href: url });
}

document.addEventListener('trix-attachment-add', attach);
document.addEventListener('trix-initialize', () => void ready());
