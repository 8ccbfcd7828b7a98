import { chromium, type Browser } from 'playwright-core';

/** Starts Chromium, from `/usr/bin/chromium` or the path in `CHROMIUM`. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // Chromium refuses to run as root with its sandbox.
    args: ['--no-sandbox'],
  });
}
