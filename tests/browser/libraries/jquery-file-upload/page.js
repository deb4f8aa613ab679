import $ from 'jquery';
import 'blueimp-file-upload/js/jquery.fileupload.js';

import { UPLOAD, ready } from '../page.js';

$('#photos').fileupload({
  url: UPLOAD,
  dataType: 'json',
  sequentialUploads: true,
  dropZone: $('#zone'),
  pasteZone: $(document),
});
void ready();
