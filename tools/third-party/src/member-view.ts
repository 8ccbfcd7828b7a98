import { expect } from 'vitest';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { inspectPage } from './inspect-page.js';
import { takePictures } from './take-picture.js';

/** How a member looks at the pages. */
export interface MemberView {
  language: 'en' | 'es';
  /** CSS pixels. */
  width: number;
  javaScriptEnabled: boolean;
}

/** The browser of such a member. */
export const browserOf = ({ language, width, javaScriptEnabled }: MemberView): BrowserContextOptions => ({
  viewport: { width, height: 844 },
  locale: language === 'es' ? 'es-MX' : 'en-US',
  javaScriptEnabled,
});

/**
 * @param hasPicture whether pictures are kept; two views with one width and language would write one file
 * @returns a function that looks for faults of the page as it stands, and keeps its picture under a name
 */
export function looker(page: Page, view: MemberView, hasPicture = view.javaScriptEnabled) {
  return async (name: string): Promise<void> => {
    const faults = await inspectPage(page, view.javaScriptEnabled);
    expect({ name, ...faults }).toEqual({ name, overflow: 0, broken: [], faults: [] });
    if (hasPicture) await takePictures(page, `member/${name}-${view.language}`, [view.width]);
  };
}
