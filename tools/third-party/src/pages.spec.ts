import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { App, localMembers, platformTeam } from '@payer/journey';
import { startTestSystem, type TestSystem } from '@payer/journey/test-system';
import { completeRequest, fill, inspect, press, showsFocus } from './page-checks.js';
import { startBrowser } from './start-browser.js';

/** Needs Chromium. SCREENSHOTS names a directory for pictures of every page. */
const [member] = localMembers.sandbox;
/** Widths at which the whole walk is done. */
const widths = [
  ['desktop', 1280],
  ['phone', 390],
] as const;

describe('the pages in a browser', () => {
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

  it.each(widths)(
    'walk a developer, a member and the platform team through everything, usable at %s width',
    async (name, width) => {
      const look = (page: Page, what: string, options?: { ours: boolean }) =>
        inspect(page, `${name}-${what}`, options);
      const context = async () => {
        const one = await browser.newContext({ viewport: { width, height: 844 } });
        one.setDefaultTimeout(10_000);
        return one;
      };
      const { portal, consent, authServer } = system.addresses;

      const developer = await (await context()).newPage();
      await developer.goto(`${portal}/`);
      await look(developer, '01-portal');
      await showsFocus(developer);
      await developer.goto(`${portal}/api/docs`);
      await developer.getByText('/api/apps', { exact: true }).first().waitFor();
      await look(developer, '29-api-docs', { ours: false });
      await developer.goto(`${portal}/sign-in`);
      await developer.getByLabel('Email').fill('nobody@example.org');
      await developer.getByLabel('Password').fill('wrong');
      await press(developer.locator('main button[type=submit], main button').first());
      await look(developer, '02-sign-in-refused');
      await developer.goto(`${portal}/sign-up`);
      await look(developer, '03-sign-up');
      await press(developer.locator('main form button').first());
      expect(await developer.locator('.field-error').count()).toBe(4);
      await look(developer, '03-sign-up-refused');
      await fill(developer, {
        name: 'Ada Example',
        organization: 'Client Apps Incorporated',
        email: `ada-${name}@client-app.example`,
        password: 'a-developers-password',
      });
      await press(developer.locator('main form button').first());
      await developer.waitForURL(`${portal}/apps/new`);
      await look(developer, '05-new-app');
      await developer.goto(`${portal}/`);
      await look(developer, '04-no-apps');
      await press(developer.getByRole('button', { name: 'Issue an initial access token' }));
      await look(developer, '04-initial-access-token');
      await press(developer.getByRole('link', { name: 'Create an app' }));
      const uris = developer.getByLabel('Redirect URIs');
      await uris.fill('http://client-app.com/redirect');
      await developer.getByText('must use https').waitFor();
      await uris.fill('');
      await press(developer.locator('main form button').first());
      await look(developer, '06-new-app-refused');
      await fill(developer, {
        client_name: 'Health Companion',
        redirect_uris: 'https://client-app.com/redirect',
      });
      await developer.locator('input[value=patient-access]').check();
      await press(developer.locator('main form button').first());
      await look(developer, '07-app-with-secret');
      const clientId = new URL(developer.url()).pathname.split('/').at(-1)!;
      const client_secret = await developer.locator('code.secret').innerText();
      const app = new App(system.addresses, 'sandbox', { client_id: clientId, client_secret });
      expect(await developer.getByRole('button', { name: 'Copy' }).count()).toBeGreaterThan(0);
      await developer.reload();
      expect(await developer.locator('main').innerText()).toContain(client_secret);
      await press(developer.getByRole('button', { name: 'I have stored the secret' }));
      await developer.reload();
      expect(await developer.locator('main').innerText()).not.toContain(client_secret);
      await look(developer, '08-app');
      const tab = async (name: string) => {
        await press(developer.getByRole('navigation', { name: 'Pages of this app' }).getByText(name));
      };
      await tab('Settings');
      await look(developer, '09-settings');
      await developer.getByLabel('Home page').fill('ftp://client-app.com');
      await press(developer.getByRole('button', { name: 'Save' }));
      expect(await developer.getByLabel('Home page').inputValue()).toBe('ftp://client-app.com');
      await look(developer, '09-settings-refused');
      await tab('Redirect URIs');
      await look(developer, '09-redirect-uris');
      await press(developer.getByRole('link', { name: 'Remove' }));
      await look(developer, '09-remove-redirect-uri');
      await developer.goto(`${portal}/apps/${clientId}/credentials/replace`);
      await look(developer, '09-replace-secret');
      await press(developer.getByRole('button', { name: 'Replace the secret' }));
      await look(developer, '09-credentials');
      app.credentials.client_secret = await developer.locator('code.secret').innerText();
      await press(developer.getByRole('link', { name: 'End the previous secret now' }));
      await look(developer, '09-end-previous-secret');
      await press(developer.getByRole('button', { name: 'End the previous secret now' }));
      await developer.getByText('The previous secret has ended').waitFor();
      await developer.goto(`${portal}/apps/${clientId}/delete`);
      await look(developer, '09-delete-app');

      const person = await context();
      const page = await person.newPage();
      await page.route('https://client-app.com/**', (route) => route.fulfill({ body: 'back at the app' }));
      await page.goto(app.authorizationUrl({ redirectUri: 'https://client-app.com/redirect/' }));
      await look(page, '10-wrong-redirect-uri');
      await page.goto(app.authorizationUrl({ state: 'state-1' }));
      await look(page, '11-sign-in');
      await fill(page, { username: member.username, password: 'wrong' });
      await press(page.locator('main form button').first());
      await look(page, '12-sign-in-refused');
      await fill(page, { username: member.username, password: member.password });
      await press(page.locator('main form button').first());
      await page.waitForURL(`${consent}/**`);
      await look(page, '13-consent');
      await press(page.getByRole('button', { name: /^Yes/ }));
      await page.waitForURL('https://client-app.com/**');
      const redirect = new URL(page.url());
      expect(redirect.searchParams.get('state')).toBe('state-1');
      const { body: tokens } = await app.exchange(redirect.searchParams.get('code') ?? '');
      expect((await app.fhir(tokens.access_token, `/Patient/${member.patient}`)).status).toBe(200);

      await page.goto(`${consent}/sandbox/`);
      await look(page, '14-connected-apps');
      const other = await (await context()).newPage();
      await other.goto(`${consent}/sandbox/`);
      await look(other, '14-sign-in-for-connected-apps');
      await other.getByLabel(/user/i).fill(localMembers.sandbox[2].username);
      await other.getByLabel(/password/i).fill(localMembers.sandbox[2].password);
      await press(other.getByRole('button', { name: /sign in/i }));
      await other.waitForURL(`${consent}/sandbox/`);
      await look(other, '14-no-connected-apps');
      await page
        .getByRole('button', { name: /disconnect/i })
        .first()
        .click();
      await look(page, '15-disconnecting');
      const confirm = page.getByRole('button', { name: /disconnect/i });
      if ((await app.fhir(tokens.access_token, `/Patient/${member.patient}`)).status === 200)
        await press(confirm.first());
      await look(page, '16-disconnected');
      expect((await app.fhir(tokens.access_token, `/Patient/${member.patient}`)).status).toBe(401);

      await developer.goto(`${portal}/apps/${clientId}/activity`);
      await look(developer, '17-app-activity');
      await tab('Production');
      await press(developer.getByRole('button', { name: 'Submit to the platform team' }));
      await look(developer, '18-request-refused');
      await fill(developer, completeRequest);
      await developer.getByLabel('Never').check();
      await press(developer.getByRole('button', { name: 'Submit to the platform team' }));
      await developer.getByText('is waiting for review').waitFor();
      await look(developer, '18-app-in-review');

      const team = await (await context()).newPage();
      await team.goto(`${portal}/sign-in`);
      await fill(team, platformTeam);
      await press(team.locator('main form button').first());
      await look(team, '20-queue');
      await press(team.getByRole('link', { name: 'Health Companion' }).first());
      await look(team, '20-request');
      await team.getByText('Reject for a security risk').click();
      await press(team.getByRole('button', { name: 'Reject' }));
      expect(await team.locator('.field .field-error').allInnerTexts()).toHaveLength(2);
      await look(team, '20-rejected-without-a-reason');
      await team.getByLabel('Risk', { exact: true }).selectOption('exposed-credentials');
      await team.getByLabel('Explanation of the risk').fill('The secret is in the app.');
      await press(team.getByRole('button', { name: 'Reject' }));
      await team.getByText('Nothing is waiting').waitFor();
      await look(team, '21-queue-empty');
      await developer.reload();
      await developer.getByText('The secret is in the app.').first().waitFor();
      await look(developer, '18-app-rejected');
      await developer.getByLabel('Why the risk does not hold').fill('It is on our server only.');
      await press(developer.getByRole('button', { name: 'Appeal' }));
      await developer.getByText('waiting for review').waitFor();
      await team.reload();
      await press(team.getByRole('link', { name: 'Health Companion' }).first());
      await team.getByText('It is on our server only.').waitFor();
      await press(team.getByRole('button', { name: 'Approve' }));
      await team.getByText('Nothing is waiting').waitFor();
      await developer.reload();
      await developer.getByText('Production open').waitFor();
      await look(developer, '19-app-approved');

      await team.goto(`${portal}/platform/apps`);
      await look(team, '22-all-apps');
      await team.goto(`${portal}/apps/${clientId}`);
      await press(team.getByRole('button', { name: 'Suspend the app' }));
      await look(team, '22-suspended-without-a-reason');
      await team.getByLabel('Reason').fill('Members complained.');
      await press(team.getByRole('button', { name: 'Suspend the app' }));
      await team.getByText('This app is suspended').waitFor();
      await look(team, '22-app-suspended-for-the-team');
      await developer.reload();
      await look(developer, '23-app-suspended');
      await developer.goto(`${portal}/`);
      await look(developer, '25-apps');
      for (const [what, url] of [
        ['26-not-found', `${portal}/nowhere`],
        ['27-not-found-consent', `${consent}/nowhere`],
        ['28-not-found-auth', `${authServer}/sandbox/nowhere`],
      ] as const) {
        await developer.goto(url);
        await look(developer, what);
      }
    },
    120_000,
  );

  it('work without JavaScript', async () => {
    const context: BrowserContext = await browser.newContext({ javaScriptEnabled: false });
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    const { portal, consent } = system.addresses;
    await page.goto(`${portal}/sign-up`);
    await fill(page, {
      name: 'Ada Example',
      organization: 'Client Apps Incorporated',
      email: 'ada-without-script@client-app.example',
      password: 'a-developers-password',
    });
    await press(page.getByRole('button', { name: 'Sign up' }));
    await fill(page, { client_name: 'Plain', redirect_uris: 'https://client-app.com/redirect' });
    await press(page.getByRole('button', { name: 'Create the app' }));
    const client_secret = await page.locator('code.secret').innerText();
    const client_id = new URL(page.url()).pathname.split('/').at(-1)!;
    const app = new App(system.addresses, 'sandbox', { client_id, client_secret });
    await page.route('https://client-app.com/**', (route) => route.fulfill({ body: 'back at the app' }));
    await page.goto(app.authorizationUrl());
    await fill(page, { username: member.username, password: member.password });
    await press(page.locator('main form button').first());
    await press(page.getByRole('button', { name: /^Yes/ }));
    await page.waitForURL('https://client-app.com/**');
    const code = new URL(page.url()).searchParams.get('code') ?? '';
    const { body: tokens } = await app.exchange(code);
    expect((await app.fhir(tokens.access_token, `/Patient/${member.patient}`)).status).toBe(200);
    await page.goto(`${consent}/sandbox/`);
    await page.getByRole('button', { name: 'Disconnect Plain' }).click();
    await press(page.getByRole('button', { name: 'Disconnect Plain now' }));
    await page.getByText('Plain is disconnected').waitFor();
    expect((await app.fhir(tokens.access_token, `/Patient/${member.patient}`)).status).toBe(401);
    await context.close();
  }, 60_000);
});
