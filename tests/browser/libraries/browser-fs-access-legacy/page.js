import '../browser-fs-access/page.js';
