/**
 * Where the key shared with the daemon lies: IndexedDB, as non-extractable CryptoKeys. Content scripts can read
 * storage.local but not this, and not even this code can read the bytes back.
 */

/**
 * @typedef {object} Pairing
 * @property {string} client the id the daemon gave this browser
 * @property {number} port where the daemon proved itself last
 * @property {import('./wire.js').Keys} keys
 * @property {boolean} confirmed false until the user has confirmed it at the daemon's side
 * @property {number} until when an unconfirmed pairing lapses, milliseconds since 1970
 */

/** @returns {Promise<IDBDatabase>} */
function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('photoveil', 1);
    request.onupgradeneeded = () => request.result.createObjectStore('pairing');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * @template T
 * @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest<T>} act @returns {Promise<T>}
 */
async function withStore(mode, act) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction('pairing', mode);
      const request = act(transaction.objectStore('pairing'));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** @returns {Promise<Pairing | undefined>} */
export function load() {
  return withStore('readonly', (store) => store.get('daemon'));
}

/** The pairing that the user has confirmed, if there is one. */
export async function confirmed() {
  const pairing = await load();
  return pairing?.confirmed ? pairing : undefined;
}

/** @param {Pairing} pairing */
export async function save(pairing) {
  await withStore('readwrite', (store) => store.put(pairing, 'daemon'));
}

export async function remove() {
  await withStore('readwrite', (store) => store.delete('daemon'));
}
