import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret, TOTP } from 'otpauth';
import type { Browser } from 'playwright-core';
import { localMembers } from '@payer/journey';
import { startTestSystem, type TestSystem } from '@payer/journey/test-system';
import { inspectPage } from './inspect-page.js';
import { startBrowser } from './start-browser.js';
import { takePictures } from './take-picture.js';

/** Needs Chromium. */
const words = {
  en: { signIn: 'Sign in', link: 'Sign in with a code, too', on: 'Codes are on', off: 'Codes are off' },
  es: {
    signIn: 'Iniciar sesión',
    link: 'Iniciar sesión también con un código',
    on: 'Los códigos están activos',
    off: 'Los códigos están desactivados',
  },
};
const cases = (['en', 'es'] as const).flatMap((language) =>
  [390, 1280].flatMap((width) =>
    [true, false].map((javaScriptEnabled) => ({ language, width, javaScriptEnabled })),
  ),
);
const [member] = localMembers.production;

describe('the second factor in a browser', () => {
  let system: TestSystem;
  let browser: Browser;
  beforeAll(async () => {
    system = await startTestSystem();
    browser = await startBrowser();
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await system?.stop();
  }, 60_000);

  it.each(cases)(
    'is added, asked for and removed, in $language at $width px, scripts $javaScriptEnabled',
    async ({ language, width, javaScriptEnabled }) => {
      const { signIn, link, on, off } = words[language];
      const context = await browser.newContext({
        viewport: { width, height: 844 },
        locale: language === 'es' ? 'es-MX' : 'en-US',
        javaScriptEnabled,
      });
      context.setDefaultTimeout(15_000);
      const page = await context.newPage();
      const look = async (name: string) => {
        const faults = await inspectPage(page, javaScriptEnabled);
        expect({ name, ...faults }).toEqual({ name, overflow: 0, broken: [], faults: [] });
        if (javaScriptEnabled) await takePictures(page, `member/${name}-${language}`, [width]);
      };
      const connectedApps = `${system.addresses.consent}/production/`;
      const givePassword = async () => {
        await page.goto(connectedApps);
        await page.locator('[name=username]').fill(member.username);
        await page.locator('[name=password]').fill(member.password);
        await page.getByRole('button', { name: signIn, exact: true }).click();
      };
      const heading = (name: string) => page.getByRole('heading', { name, exact: true }).waitFor();

      await givePassword();
      await page.getByRole('link', { name: link }).click();
      await look('second-factor-add');
      const key = (await page.locator('code.secret').innerText()).replaceAll(' ', '');
      const totp = new TOTP({ secret: Secret.fromBase32(key) });
      await page.locator('[name=code]').fill(totp.generate());
      await page.locator('[name=password]').fill(member.password);
      await page.keyboard.press('Enter');
      await heading(on);
      const [recovery = ''] = await page.locator('li code').allInnerTexts();
      await look('second-factor-recovery');

      await context.clearCookies();
      await givePassword();
      await page.locator('[name=code]').waitFor();
      await look('second-factor-code');
      // The code of the next step is accepted, too: the first one is used up.
      await page.locator('[name=code]').fill(totp.generate({ timestamp: Date.now() + 30_000 }));
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name: link }).click();
      await heading(on);
      await look('second-factor-remove');
      await page.locator('[name=code]').fill(recovery);
      await page.locator('[name=password]').fill(member.password);
      await page.keyboard.press('Enter');
      await heading(off);
      await look('second-factor-removed');
      await context.close();
    },
    90_000,
  );
});
