/**
 * The last of the scripts in the page's own world: nothing of them stays behind for the page to see.
 */
delete (/** @type {any} */ (globalThis)).photoveilPage;
