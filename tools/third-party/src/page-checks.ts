import { expect } from 'vitest';
import type { Locator, Page } from 'playwright-core';
import { describeViolation, violationsOf } from './accessibility.js';
import { takePictures } from './take-picture.js';

/** Each page is measured for sideways scrolling at these widths. */
const measuredWidths = [320, 390, 768, 1024, 1280];

/** Types values into the fields of the page's main part, by their names. */
export async function fill(page: Page, fields: Record<string, string>): Promise<void> {
  for (const [name, value] of Object.entries(fields)) await page.locator(`main [name="${name}"]`).fill(value);
}

/** The password of the developers that sign up here. */
export const developerPassword = 'a-developers-password';

/** Signs a developer up, on the page that has the form. The page that creates an app follows. */
export async function signUp(
  page: Page,
  person: Record<'name' | 'email', string> & { organization?: string },
) {
  await fill(page, { organization: 'Client Apps', password: developerPassword, ...person });
  await press(page.getByRole('main').getByRole('button', { name: 'Sign up' }));
}

/** The typed answers of a production request. The walk chooses the answer about a sale. */
export const completeRequest = {
  description: 'Shows members what their visits cost.',
  organization_name: 'Client Apps Incorporated',
  contacts: 'ada@client-app.example',
  security_contact: 'security@client-app.example',
  privacy_policy_uri: 'https://client-app.com/privacy',
  tos_uri: 'https://client-app.com/terms',
  data_use: 'To show the costs of visits.',
  data_sharing: 'Nobody.',
  data_retention: 'Until the member disconnects the app.',
  data_deletion: 'By a button in the app, at once.',
  security_practices: 'TLS 1.3, keys in a vault, a yearly test by a third party.',
};

/** Clicks a button or link that leads to another page, and waits until that page has loaded. */
export async function press(control: Locator): Promise<void> {
  const loaded = control.page().waitForEvent('load');
  await Promise.all([loaded, control.click()]);
}

/**
 * The first stop of the keyboard is the way past the header, and it can be seen (WCAG 2.2 §2.4.1, §2.4.7).
 */
export async function showsFocus(page: Page): Promise<void> {
  await page.keyboard.press('Tab');
  const skip = page.getByRole('link', { name: 'Skip to the content' });
  expect(await skip.evaluate((link) => link === document.activeElement)).toBe(true);
  expect((await skip.boundingBox())?.x).toBeGreaterThanOrEqual(0);
  expect(await skip.evaluate((link) => getComputedStyle(link).outlineStyle)).toBe('solid');
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => getComputedStyle(document.activeElement!).outlineWidth)).toBe('3px');
}

/**
 * No page scrolls sideways at any width, and axe-core (WCAG 2.2 AA) finds nothing, in light or dark.
 * @param name of the page's pictures: folder and name (`portal/landing`)
 */
export async function inspect(page: Page, name: string): Promise<void> {
  await page.waitForLoadState('domcontentloaded');
  await takePictures(page, name);
  expect(await page.evaluate(() => document.contentType)).toBe('text/html');
  const size = page.viewportSize() ?? { width: 1280, height: 844 };
  const overflow: Record<number, number> = {};
  for (const width of measuredWidths) {
    await page.setViewportSize({ ...size, width });
    const pixels = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    if (pixels > 0) overflow[width] = pixels;
  }
  await page.setViewportSize(size);
  const faults: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    faults.push(...(await violationsOf(page)).map(describeViolation));
  }
  await page.emulateMedia({ colorScheme: 'light' });
  expect({ page: name, overflow, faults }).toEqual({ page: name, overflow: {}, faults: [] });
}
