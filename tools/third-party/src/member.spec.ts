import { describe, expect, it } from 'vitest';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { localMembers, type TokenAnswer } from '@payer/journey';
import { backAtTheApp, BrowserSystem } from './browser-system.js';
import { browserOf, looker } from './member-view.js';

const words = {
  en: {
    signIn: 'Sign in',
    yes: /^Yes/,
    consent: /^Share your records/,
    consentFor: /^Share the records of Ida/,
    choose: ['Choose another person', /Ida/] as const,
    disconnect: (app: string) => [`Disconnect ${app}`, `Disconnect ${app} now`],
    disconnected: /is disconnected/,
  },
  es: {
    signIn: 'Iniciar sesión',
    yes: /^Sí/,
    consent: /^¿Compartir sus datos/,
    consentFor: /^¿Compartir los datos de Ida/,
    choose: ['Elegir a otra persona', /Ida/] as const,
    disconnect: (app: string) => [`Desconectar ${app}`, `Desconectar ${app} ahora`],
    disconnected: /está desconectada/,
  },
};
type Language = keyof typeof words;
const cases = (['en', 'es'] as const).flatMap((language) =>
  [390, 768, 1280].flatMap((width) =>
    [true, false].map((javaScriptEnabled) => ({ language, width, javaScriptEnabled })),
  ),
);
const appName = 'Sunrise Health Companion';
const [member, other] = localMembers.sandbox;
/** A parent of two, and one of the children (docs/sandbox-members.md). */
const parent = {
  ...{ username: 'sbx-patientAccessMember-16', password: 'hpTest1616' },
  patient: '7357dd24-7af3-82aa-a1b3-d20e9b9744f4',
};
const child = 'd1367b26-60bf-8189-a7cb-d0370e1030b2';

describe('the member’s pages in a browser', () => {
  // The app takes as long to answer as a busy app does.
  const system = new BrowserSystem({ app: { name: appName, delay: 150 } });
  const open = (options: BrowserContextOptions = {}) =>
    system.open({ timezoneId: 'America/Denver', ...options });

  async function signIn(page: Page, language: Language, who: { username: string; password: string }) {
    await page.locator('[name=username]').fill(who.username);
    await page.locator('[name=password]').fill(who.password);
    await page.getByRole('button', { name: words[language].signIn }).click();
    await page.getByRole('heading', { name: words[language].consent }).waitFor();
  }

  /** Presses a button as an impatient member does, and waits for the app. */
  async function doubleClickYes(page: Page, language: Language): Promise<TokenAnswer> {
    await page.getByRole('button', { name: words[language].yes }).dblclick();
    await page.getByText(backAtTheApp).waitFor();
    const code = new URL(page.url()).searchParams.get('code') ?? '';
    const { status, body } = await system.app.exchange(code, { redirect_uri: system.redirectUri });
    expect(status).toBe(200);
    return body;
  }

  it.each(cases)(
    'lead to the app and back, in $language at $width px, scripts $javaScriptEnabled',
    async (view) => {
      const { language, javaScriptEnabled } = view;
      const { app, redirectUri } = system;
      const page = await open(browserOf(view));
      const foreign: string[] = [];
      page.on('request', (request) => {
        const { origin } = new URL(request.url());
        const own = [system.addresses.authServer, system.addresses.consent, new URL(redirectUri).origin];
        if (!own.includes(origin) && origin !== 'null') foreign.push(request.url());
      });
      const look = looker(page, view);
      await page.goto(app.authorizationUrl({ redirectUri, state: 'state-1' }));
      await look('sign-in');
      await signIn(page, language, member);
      for (const button of ['allow', 'deny']) await expectInView(page, `button[value=${button}]`);
      await look('consent');
      for (const line of await page.locator('summary').all()) await line.click();
      await look('consent-unfolded');
      const tokens = await doubleClickYes(page, language);
      expect((await app.fhir(tokens.access_token, `/Patient/${member.patient}`)).status).toBe(200);

      await page.goto(`${system.addresses.consent}/sandbox/`);
      await look('connected-apps');
      const times = await page.locator('time').allInnerTexts();
      const isLocal = times.some((text) => /M[SD]T|GMT-[67]/.test(text));
      expect([times, isLocal]).toEqual([times, javaScriptEnabled]);
      await page.goto(`${system.addresses.consent}/sandbox/history`);
      // The counts come by an event.
      for (let n = 0; n < 100 && (await page.locator('td').count()) === 0; n++) await page.reload();
      await page.locator('td').first().waitFor();
      await look('access-history');
      await page.goto(`${system.addresses.consent}/sandbox/before-you-share`);
      await look('education');
      await page.goto(`${system.addresses.consent}/sandbox/`);
      const [ask = '', confirm = ''] = words[language].disconnect(appName);
      // A double click on the first button only opens the question.
      await page.getByRole('button', { name: ask, exact: true }).first().dblclick();
      expect((await app.fhir(tokens.access_token, `/Patient/${member.patient}`)).status).toBe(200);
      await look('disconnect-question');
      await page.getByRole('button', { name: confirm, exact: true }).dblclick();
      await page.getByText(words[language].disconnected).first().waitFor();
      expect((await app.fhir(tokens.access_token, `/Patient/${member.patient}`)).status).toBe(401);
      await look('disconnected');
      expect(foreign).toEqual([]);
      await page.context().close();
    },
    90_000,
  );

  it.each(cases.filter(({ width }) => width !== 768))(
    'let a parent share the records of a child, in $language at $width px, scripts $javaScriptEnabled',
    async (view) => {
      const { language } = view;
      const { app, redirectUri } = system;
      const page = await open(browserOf(view));
      const look = looker(page, view);
      const { choose, consentFor } = words[language];
      await page.goto(app.authorizationUrl({ redirectUri, parameters: { prompt: 'consent' } }));
      await signIn(page, language, parent);
      await look('consent-parent');
      await page.getByRole('link', { name: choose[0] }).click();
      await page.waitForURL(/\/patient$/);
      await look('choose-patient');
      // By keyboard alone.
      await page.getByRole('button', { name: choose[1] }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: consentFor }).waitFor();
      await look('consent-child');
      const { access_token: token, patient } = await doubleClickYes(page, language);
      const { fhirUser } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
      expect(patient).toBe(child);
      expect(fhirUser).toContain('/RelatedPerson/');
      const status = async (path: string) => (await app.fhir(token, path)).status;
      expect(await status(fhirUser.slice(app.fhirBase.length))).toBe(200);
      expect(await status(`/Patient/${child}`)).toBe(200);
      expect(await status(`/Patient/${parent.patient}`)).toBe(404);
      await page.goto(`${system.addresses.consent}/sandbox/`);
      await look('connected-apps-parent');
      await page.context().close();
    },
    90_000,
  );

  it('switch the language for all pages to come, and work by keyboard alone', async () => {
    const page = await open({ viewport: { width: 390, height: 844 } });
    await page.goto(system.app.authorizationUrl({ redirectUri: system.redirectUri }));
    await page.getByRole('link', { name: 'Español' }).click();
    await page.locator('[name=username]').focus();
    await page.keyboard.type(other.username);
    await page.keyboard.press('Tab');
    await page.keyboard.type(other.password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: words.es.consent }).waitFor();
    const focused = () => page.evaluate(() => (document.activeElement as HTMLButtonElement | null)?.value);
    for (let stop = 0; stop < 60 && (await focused()) !== 'deny'; stop++) {
      await page.keyboard.press('Tab');
      expect(await page.evaluate(isFocusInView)).toBe(true);
    }
    await page.keyboard.press('Enter');
    await page.getByText(backAtTheApp).waitFor();
    expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied');
    await page.goBack();
    await page.getByRole('heading', { name: `Usted dijo que no a ${appName}` }).waitFor();
    await page.context().close();
  }, 60_000);

  it('say after Back that nothing was answered, and lead on to the question', async () => {
    const page = await open();
    await page.goto(system.app.authorizationUrl({ redirectUri: system.redirectUri }));
    await signIn(page, 'en', other);
    await page.goBack();
    await page.getByRole('heading', { name: 'You have not answered yet' }).waitFor();
    await page.getByRole('link', { name: 'Go on to the question' }).click();
    await page.getByRole('heading', { name: words.en.consent }).waitFor();
    await doubleClickYes(page, 'en');
    await page.context().close();
  }, 60_000);
});

async function expectInView(page: Page, selector: string): Promise<void> {
  const box = await page.locator(selector).boundingBox();
  const { height } = page.viewportSize()!;
  expect(box && box.y >= 0 && box.y + box.height <= height).toBe(true);
}

/** Whether what has the focus can be seen (WCAG 2.2 §2.4.11). */
function isFocusInView(): boolean {
  const element = document.activeElement;
  if (!element || element === document.body) return true;
  const { left, top, width, height } = element.getBoundingClientRect();
  if (width * height === 0 || left < 0) return true;
  const found = document.elementFromPoint(left + Math.min(width, 40) / 2, top + height / 2);
  return found !== null && (element.contains(found) || found.contains(element));
}
