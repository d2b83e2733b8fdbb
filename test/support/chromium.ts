import { existsSync } from 'node:fs';

/** The one without a window is the same engine, and starts and changes pages at less cost. */
const INSTALLED = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];

/** `CHROMIUM_PATH`, or where Debian's packages put it. */
export const CHROMIUM =
  process.env['CHROMIUM_PATH'] ?? INSTALLED.find((path) => existsSync(path)) ?? '/usr/bin/chromium';

const isInstalled = existsSync(CHROMIUM);
if (!isInstalled) process.stderr.write(`NO BROWSER TESTS: there is no Chromium at ${CHROMIUM}; set CHROMIUM_PATH\n`);

/** For tests that need a browser: skipped, and said loudly, where there is none. */
export const inBrowser = isInstalled ? describe : describe.skip;
