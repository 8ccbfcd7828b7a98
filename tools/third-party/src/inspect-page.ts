import type { Page } from 'playwright-core';
import { describeViolation, violationsOf } from './accessibility.js';

/** Faults of a page that a member would stumble over. */
export interface PageFaults {
  /** Pixels by which the page scrolls sideways. */
  overflow: number;
  /** Words that are broken over two lines, on buttons and in headings, and pictures that did not load. */
  broken: string[];
  /** Faults of accessibility (axe-core, WCAG 2.2 AA), in light and in dark. */
  faults: string[];
}

/** @param hasScripts whether scripts run in the page; axe needs them */
export async function inspectPage(page: Page, hasScripts: boolean): Promise<PageFaults> {
  await page.waitForLoadState('domcontentloaded');
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  const broken = await page.evaluate(findBroken);
  const faults: string[] = [];
  for (const colorScheme of hasScripts ? (['light', 'dark'] as const) : []) {
    await page.emulateMedia({ colorScheme });
    faults.push(...(await violationsOf(page)).map(describeViolation));
  }
  await page.emulateMedia({ colorScheme: 'light' });
  return { overflow, broken, faults };
}

/** Runs in the page. A word is broken when its letters lie on more than one line. */
function findBroken(): string[] {
  const found: string[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.parentElement?.closest('button, a, h1, h2, h3, dt, dd, label, .app')) continue;
    for (const match of (node.textContent ?? '').matchAll(/[^\s-]+/g)) {
      const range = document.createRange();
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
      if (lines.size > 1) found.push(match[0]);
    }
  }
  const pictures = [...document.images].filter((image) => image.complete && image.naturalWidth === 0);
  return [...found, ...pictures.map((image) => image.src)];
}
