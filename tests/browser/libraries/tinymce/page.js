import tinymce from 'tinymce';
import 'tinymce/icons/default';
import 'tinymce/models/dom';
import 'tinymce/plugins/quickbars';
import 'tinymce/skins/ui/oxide/skin.css';
import 'tinymce/themes/silver';

import { UPLOAD, ready } from '../page.js';

/** The file itself is what is sent: TinyMCE names it anew. */
async function send(picture) {
  const answer = await fetch(UPLOAD, { method: 'POST', headers: { 'Content-Type': picture.blob().type }, body: picture.blob() });
  return (await answer.json()).url;
}

void tinymce.init({
  selector: '#editor',
  license_key: 'gpl',
  skin: false,
  content_css: false,
  plugins: 'quickbars',
  toolbar: 'bold quickimage',
  images_upload_handler: send,
  init_instance_callback: () => void ready(),
});
