/**
 * The ways a photo takes into a page. A new way is a new entry in one of these lists.
 */
import { CLIPBOARD } from './vectors/clipboard.mjs';
import { DROPS } from './vectors/drops.mjs';
import { FORMS } from './vectors/forms.mjs';
import { PICKERS } from './vectors/pickers.mjs';
import { PICKS } from './vectors/picks.mjs';

/** @type {import('./types.js').Vector[]} */
export const VECTORS = [...PICKS, ...FORMS, ...DROPS, ...CLIPBOARD, ...PICKERS];
