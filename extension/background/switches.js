/**
 * Where Photoveil is on, as lists of domains of which the nearest to a host counts. Pure.
 */

/** The host, then each domain above it. @param {string} host @returns {string[]} */
function upwards(host) {
  const labels = host.toLowerCase().split('.');
  return labels.map((_, index) => labels.slice(index).join('.'));
}

/** The name in `table` that is nearest to the host: its own, else of the domain above it. @param {object} table @param {string} host */
export function nearest(table, host) {
  return upwards(host).find((domain) => Object.hasOwn(table, domain));
}

/** @param {Pick<Settings, 'off' | 'on'>} lists @returns {Record<string, boolean>} */
function tableOf({ off, on }) {
  return Object.fromEntries([...off.map((domain) => [domain, false]), ...on.map((domain) => [domain, true])]);
}

/** The domain whose switch a host hangs on, if any. @param {Pick<Settings, 'off' | 'on'>} lists @param {string} host */
export function switchFor(lists, host) {
  return nearest(tableOf(lists), host);
}

/** @param {Pick<Settings, 'off' | 'on'>} lists @param {string} host */
export function isOn(lists, host) {
  const table = tableOf(lists);
  return table[nearest(table, host) ?? ''] ?? true;
}

/** The lists for these switches. @param {Record<string, boolean>} table */
export function listsOf(table) {
  const domains = Object.keys(table);
  return { off: domains.filter((domain) => !table[domain]), on: domains.filter((domain) => table[domain]) };
}

/** One switch turned. @param {Pick<Settings, 'off' | 'on'>} lists @param {string} domain @param {boolean} protect */
export function turned(lists, domain, protect) {
  return listsOf({ ...tableOf(lists), [domain]: protect });
}
