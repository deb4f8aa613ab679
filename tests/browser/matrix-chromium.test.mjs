/**
 * Every way into a page, on every kind of page and with real libraries, in Chromium. See docs/interception.md.
 */
import { ChromiumUser, WindowedChromiumUser } from './matrix/chromium.mjs';
import { NO_SCREEN } from './matrix/screen.mjs';
import { matrixTests } from './matrix/suite.mjs';
import { NO_CHROMIUM } from './support/world.mjs';

matrixTests('chromium', (world) => ChromiumUser.start(world), NO_SCREEN ? undefined : (world) => WindowedChromiumUser.start(world), NO_CHROMIUM);
