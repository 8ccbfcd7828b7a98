import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { withPalette } from './png-palette.js';

/** Widths in CSS pixels at which the pages are kept as pictures: a phone and a desktop. */
const pictureWidths = (process.env.PICTURE_WIDTHS ?? '390,1280').split(',').map(Number);

/** A picture ends here. The reference pages of the documentation are far longer. */
const maxHeight = 2400;

/**
 * Keeps the page as a picture, when the variable `PICTURES` names a directory (`npm run pictures`: docs/).
 * @param name folder and name without the width: `portal/landing`
 * @param widths all widths by default
 */
export async function takePictures(page: Page, name: string, widths = pictureWidths): Promise<void> {
  const folder = process.env.PICTURES;
  if (!folder) return;
  const before = page.viewportSize() ?? { width: 1280, height: 844 };
  for (const width of widths.filter((candidate) => pictureWidths.includes(candidate))) {
    await page.setViewportSize({ width, height: before.height });
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    // In a window as tall as the page, a bar that stays in view lies at its own place.
    await page.setViewportSize({ width, height: Math.min(height, maxHeight) });
    // A walk may have scrolled, and a page may be longer than its picture.
    await page.evaluate(() => window.scrollTo(0, 0));
    const picture = await page.screenshot({ animations: 'disabled' });
    const file = join(folder, `${name}-${width}.png`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, withPalette(picture));
  }
  await page.setViewportSize(before);
}
