/**
 * What the user has: small photos that are like no other, a text, pictures for the clipboard. The stand-in daemon reads
 * no pixels, so the photos only begin like one; those for the clipboard are real, for browsers read them.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';

import { sha256 } from '../support/site.mjs';

/** @typedef {import('./types.js').Kind} Kind */
/** @typedef {import('./types.js').Sample} Sample */

const JPEG_HEAD = Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex');
const PHOTO_BYTES = 3_000;
const PICTURE_SIDE = 24;

/** What the stand-in's work begins with, and then the hash of what it was made of. */
const MARK = Buffer.from('\xff\xd8\xffveiled', 'latin1');

/** This long, they do not turn up by chance. */
const RUN_BYTES = 24;
const RUN_STEP = 200;

/** @param {Buffer} bytes @returns {string | undefined} the hash of the original this was made of, in hex */
export function madeOf(bytes) {
  return bytes.subarray(0, MARK.length).equals(MARK) ? bytes.subarray(MARK.length, MARK.length + 32).toString('hex') : undefined;
}

/** Whether any part of an original is in there. @param {Sample} sample @param {Buffer} sent */
export function isPartOf({ bytes }, sent) {
  for (let at = JPEG_HEAD.length; at + RUN_BYTES <= bytes.length; at += RUN_STEP) {
    if (sent.includes(bytes.subarray(at, at + RUN_BYTES))) return true;
  }
  return false;
}

/** @param {string} type @param {Buffer} data */
function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** A PNG of noise. */
export function picture() {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(PICTURE_SIDE, 0);
  head.writeUInt32BE(PICTURE_SIDE, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const rows = Array.from({ length: PICTURE_SIDE }, () => Buffer.concat([Buffer.alloc(1), randomBytes(PICTURE_SIDE * 3)]));
  const data = deflateSync(Buffer.concat(rows));
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
}

/** @type {Record<Kind, (index: number) => {name: string, bytes: Buffer}>} */
const MAKERS = {
  photo: (index) => ({ name: `photo ${index}.jpg`, bytes: Buffer.concat([JPEG_HEAD, randomBytes(PHOTO_BYTES)]) }),
  picture: (index) => ({ name: `picture ${index}.png`, bytes: picture() }),
  text: (index) => ({ name: `words ${index}.txt`, bytes: Buffer.from(`plain words ${randomBytes(8).toString('hex')}`) }),
};

/** A folder of samples on the disk. */
export class Samples {
  #count = 0;

  /** @param {string} home */
  constructor(home) {
    this.home = home;
  }

  static async create() {
    return new Samples(await mkdtemp(path.join(tmpdir(), 'photoveil-matrix-')));
  }

  /** Fresh ones, in a folder of their own. @param {Kind[]} kinds @returns {Promise<{folder: string, samples: Sample[]}>} */
  async make(kinds) {
    const folder = path.join(this.home, `album ${++this.#count}`);
    await mkdir(folder);
    const samples = kinds.map((kind, index) => {
      const { name, bytes } = MAKERS[kind](index + 1);
      return { kind, name, bytes, path: path.join(folder, name), sha256: sha256(bytes) };
    });
    await Promise.all(samples.map((sample) => writeFile(sample.path, sample.bytes)));
    return { folder, samples };
  }

  remove() {
    return rm(this.home, { recursive: true, force: true });
  }
}
