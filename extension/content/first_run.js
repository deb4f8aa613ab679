/**
 * On the daemon's own pages: where they are about browsers, the copy that a package put into this one asks to be connected. In no
 * other copy's manifest. Whether it really is the daemon's page does not matter: what follows is between the browser, a program that
 * the package brought, and the daemon; this page is told nothing and believed nothing.
 */
(() => {
  const ask = () => {
    // The background of an extension that was removed or updated is gone; its next page has another.
    chrome.runtime?.sendMessage({ kind: 'first-run' }).catch(() => undefined);
  };
  window.addEventListener('photoveil-connect', ask);
  // It may have called before this script was there.
  if (['#/welcome/browser', '#/browsers'].includes(location.hash)) ask();
})();
