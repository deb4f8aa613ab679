/**
 * Every way into a page, on every kind of page and with real libraries, in Firefox. See docs/interception.md.
 */
import { FirefoxUser } from './matrix/firefox.mjs';
import { NO_SCREEN } from './matrix/screen.mjs';
import { matrixTests } from './matrix/suite.mjs';
import { NO_FIREFOX } from './support/world.mjs';

matrixTests('firefox', (world) => FirefoxUser.start(world), undefined, NO_FIREFOX || NO_SCREEN || false);
