/**
 * The bytes of docs/protocol.md: encodings, MACs and key derivation. Pure; needs only WebCrypto.
 */

export const PORTS = Object.freeze([47610, 47611, 47612, 47613, 47614]);

const encoder = new TextEncoder();

/** @typedef {{mac: CryptoKey, derive: CryptoKey}} Keys one secret, as the two non-extractable keys it is used as */

/** @param {Array<string | Uint8Array<ArrayBuffer>>} parts @returns {Uint8Array<ArrayBuffer>} */
export function concat(...parts) {
  const chunks = parts.map((part) => (typeof part === 'string' ? encoder.encode(part) : part));
  const whole = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** base64url without padding. @param {Uint8Array} bytes */
export function toB64(bytes) {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** @param {unknown} text @returns {Uint8Array<ArrayBuffer>} empty when it is not base64url */
export function fromB64(text) {
  if (typeof text !== 'string' || !/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return new Uint8Array(0);
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
}

/** @param {Uint8Array} bytes */
function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function nonce() {
  return crypto.getRandomValues(new Uint8Array(32));
}

/** @param {BufferSource} data */
export async function sha256(data) {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', data)));
}

/**
 * The code as both sides mean it, or '' if it cannot be one: 16 Crockford base32 characters.
 * @param {string} typed
 */
export function normaliseCode(typed) {
  const code = typed.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  return /^[0-9A-HJKMNP-TV-Z]{16}$/.test(code) ? code : '';
}

/** @param {Uint8Array<ArrayBuffer>} secret @returns {Promise<Keys>} */
export async function importKeys(secret) {
  return {
    mac: await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']),
    derive: await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']),
  };
}

/**
 * HKDF into the next pair of keys. The raw bits live only inside this function.
 * @param {Keys} keys @param {Uint8Array<ArrayBuffer>} salt @param {string} info @returns {Promise<Keys>}
 */
export async function deriveKeys(keys, salt, info) {
  const recipe = { name: 'HKDF', hash: 'SHA-256', salt, info: encoder.encode(info) };
  const bits = new Uint8Array(await crypto.subtle.deriveBits(recipe, keys.derive, 256));
  try {
    return await importKeys(bits);
  } finally {
    bits.fill(0);
  }
}

/** @param {Keys} keys @param {Array<string | Uint8Array<ArrayBuffer>>} parts */
export async function mac(keys, ...parts) {
  return toB64(new Uint8Array(await crypto.subtle.sign('HMAC', keys.mac, concat(...parts))));
}

/**
 * Whether `proof` (base64url, from the other side) is the MAC of `parts`; compared by WebCrypto in constant time.
 * @param {Keys} keys @param {unknown} proof @param {Array<string | Uint8Array<ArrayBuffer>>} parts
 */
export async function verify(keys, proof, ...parts) {
  return crypto.subtle.verify('HMAC', keys.mac, fromB64(proof), concat(...parts));
}
