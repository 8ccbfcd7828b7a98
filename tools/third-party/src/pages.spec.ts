import { describe, expect, it } from 'vitest';
import { App, localMembers, platformTeam } from '@payer/journey';
import { BrowserSystem } from './browser-system.js';
import { completeRequest, fill, inspect, press, showsFocus, signUp } from './page-checks.js';

const [member] = localMembers.sandbox;
/** Widths at which the whole walk is done. */
const widths = [
  ['desktop', 1280],
  ['phone', 390],
] as const;

describe('the pages in a browser', () => {
  const system = new BrowserSystem();

  it.each(widths)(
    'walk a developer, a member and the platform team through everything, usable at %s width',
    async (name, width) => {
      const open = () => system.open({ viewport: { width, height: 844 } });
      const { portal, consent, authServer } = system.addresses;

      const developer = await open();
      await developer.goto(`${portal}/`);
      await inspect(developer, 'portal/landing');
      await showsFocus(developer);
      await developer.goto(`${portal}/api/docs`);
      await inspect(developer, 'portal/api-reference');
      await developer.goto(`${portal}/docs/api/apps#post-api-apps`);
      // The address of a call opens it.
      await developer.locator('#post-api-apps[open]').getByText('at most 100 characters').first().waitFor();
      await developer.locator('details.step').evaluateAll((calls) => {
        for (const call of calls) call.setAttribute('open', '');
      });
      await inspect(developer, 'portal/api-reference-apps');
      await developer.goto(`${portal}/sign-in`);
      await developer.getByLabel('Email').fill('nobody@example.org');
      await developer.getByLabel('Password').fill('wrong');
      await press(developer.locator('main button[type=submit], main button').first());
      await inspect(developer, 'portal/sign-in-refused');
      await developer.goto(`${portal}/sign-up`);
      await inspect(developer, 'portal/sign-up');
      await press(developer.locator('main form button').first());
      expect(await developer.locator('.field-error').count()).toBe(4);
      await inspect(developer, 'portal/sign-up-refused');
      await signUp(developer, {
        name: 'Ada Example',
        organization: 'Client Apps Incorporated',
        email: `ada-${name}@client-app.example`,
      });
      await developer.waitForURL(`${portal}/apps/new`);
      await inspect(developer, 'portal/app-new');
      await developer.goto(`${portal}/`);
      await inspect(developer, 'portal/apps-none');
      await press(developer.getByRole('button', { name: 'Issue an initial access token' }));
      await inspect(developer, 'portal/initial-access-token');
      await press(developer.getByRole('link', { name: 'Create an app' }));
      const uris = developer.getByLabel('Redirect URIs');
      await uris.fill('http://client-app.com/redirect');
      await developer.getByText('must use https').waitFor();
      await uris.fill('');
      await press(developer.locator('main form button').first());
      await inspect(developer, 'portal/app-new-refused');
      await fill(developer, {
        client_name: 'Health Companion',
        redirect_uris: 'https://client-app.com/redirect',
      });
      await developer.locator('input[value=patient-access]').check();
      await press(developer.locator('main form button').first());
      await inspect(developer, 'portal/app-overview-with-secret');
      const clientId = new URL(developer.url()).pathname.split('/').at(-1)!;
      const client_secret = await developer.locator('code.secret').innerText();
      const app = new App(system.addresses, 'sandbox', { client_id: clientId, client_secret });
      expect(await developer.getByRole('button', { name: 'Copy' }).count()).toBeGreaterThan(0);
      await developer.reload();
      expect(await developer.locator('main').innerText()).toContain(client_secret);
      await press(developer.getByRole('button', { name: 'I have stored the secret' }));
      await developer.reload();
      expect(await developer.locator('main').innerText()).not.toContain(client_secret);
      await inspect(developer, 'portal/app-overview');
      const tab = async (name: string) => {
        await press(developer.getByRole('navigation', { name: 'Pages of this app' }).getByText(name));
      };
      await tab('Settings');
      await inspect(developer, 'portal/app-settings');
      await developer.getByLabel('Home page').fill('ftp://client-app.com');
      await press(developer.getByRole('button', { name: 'Save' }));
      expect(await developer.getByLabel('Home page').inputValue()).toBe('ftp://client-app.com');
      await inspect(developer, 'portal/app-settings-refused');
      await tab('Redirect URIs');
      await inspect(developer, 'portal/app-redirect-uris');
      await press(developer.getByRole('link', { name: 'Remove' }));
      await inspect(developer, 'portal/app-redirect-uri-remove');
      await developer.goto(`${portal}/apps/${clientId}/credentials/replace`);
      await inspect(developer, 'portal/app-secret-replace');
      await press(developer.getByRole('button', { name: 'Replace the secret' }));
      await inspect(developer, 'portal/app-credentials');
      app.credentials.client_secret = await developer.locator('code.secret').innerText();
      await press(developer.getByRole('link', { name: 'End the previous secret now' }));
      await inspect(developer, 'portal/app-previous-secret-end');
      await press(developer.getByRole('button', { name: 'End the previous secret now' }));
      await developer.getByText('The previous secret has ended').waitFor();
      await developer.goto(`${portal}/apps/${clientId}/delete`);
      await inspect(developer, 'portal/app-delete');

      const page = await open();
      await page.route('https://client-app.com/**', (route) => route.fulfill({ body: 'back at the app' }));
      await page.goto(app.authorizationUrl({ redirectUri: 'https://client-app.com/redirect/' }));
      await inspect(page, 'member/redirect-uri-refused');
      await page.goto(app.authorizationUrl({ state: 'state-1' }));
      await inspect(page, 'member/sign-in');
      await fill(page, { username: member.username, password: 'wrong' });
      await press(page.locator('main form button').first());
      await inspect(page, 'member/sign-in-refused');
      await fill(page, { username: member.username, password: member.password });
      await press(page.locator('main form button').first());
      await page.waitForURL(`${consent}/**`);
      await inspect(page, 'member/consent');
      await press(page.getByRole('button', { name: /^Yes/ }));
      await page.waitForURL('https://client-app.com/**');
      const redirect = new URL(page.url());
      expect(redirect.searchParams.get('state')).toBe('state-1');
      const { body: tokens } = await app.exchange(redirect.searchParams.get('code') ?? '');
      expect((await app.fhir(tokens.access_token, `/Patient/${member.patient}`)).status).toBe(200);

      await page.goto(`${consent}/sandbox/`);
      await inspect(page, 'member/connected-apps');
      const other = await open();
      await other.goto(`${consent}/sandbox/`);
      await inspect(other, 'member/connected-apps-sign-in');
      await other.getByLabel(/user/i).fill(localMembers.sandbox[2].username);
      await other.getByLabel(/password/i).fill(localMembers.sandbox[2].password);
      await press(other.getByRole('button', { name: /sign in/i }));
      await other.waitForURL(`${consent}/sandbox/`);
      await inspect(other, 'member/connected-apps-none');
      await page
        .getByRole('button', { name: /disconnect/i })
        .first()
        .click();
      await inspect(page, 'member/disconnect-question');
      const confirm = page.getByRole('button', { name: /disconnect/i });
      if ((await app.fhir(tokens.access_token, `/Patient/${member.patient}`)).status === 200)
        await press(confirm.first());
      await inspect(page, 'member/disconnected');
      expect((await app.fhir(tokens.access_token, `/Patient/${member.patient}`)).status).toBe(401);

      await developer.goto(`${portal}/apps/${clientId}/activity`);
      await inspect(developer, 'portal/app-activity');
      await tab('Production');
      await press(developer.getByRole('button', { name: 'Submit to the platform team' }));
      await inspect(developer, 'portal/app-production-refused');
      await fill(developer, completeRequest);
      await developer.getByLabel('Never').check();
      await press(developer.getByRole('button', { name: 'Submit to the platform team' }));
      await developer.getByText('is waiting for review').waitFor();
      await inspect(developer, 'portal/app-production-in-review');

      const team = await open();
      await team.goto(`${portal}/sign-in`);
      await fill(team, platformTeam);
      await press(team.locator('main form button').first());
      await inspect(team, 'portal/desk-queue');
      await press(team.getByRole('link', { name: 'Health Companion' }).first());
      await inspect(team, 'portal/desk-request');
      await team.getByText('Reject for a security risk').click();
      await press(team.getByRole('button', { name: 'Reject' }));
      expect(await team.locator('.field .field-error').allInnerTexts()).toHaveLength(2);
      await inspect(team, 'portal/desk-request-refused');
      await team.getByLabel('Risk', { exact: true }).selectOption('exposed-credentials');
      await team.getByLabel('Explanation of the risk').fill('The secret is in the app.');
      await press(team.getByRole('button', { name: 'Reject' }));
      await team.getByText('Nothing is waiting').waitFor();
      await inspect(team, 'portal/desk-queue-empty');
      await developer.reload();
      await developer.getByText('The secret is in the app.').first().waitFor();
      await inspect(developer, 'portal/app-production-rejected');
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
      await inspect(developer, 'portal/app-production-approved');

      await team.goto(`${portal}/platform/apps`);
      await inspect(team, 'portal/desk-apps');
      await team.goto(`${portal}/apps/${clientId}`);
      await press(team.getByRole('button', { name: 'Suspend the app' }));
      await inspect(team, 'portal/desk-suspend-refused');
      await team.getByLabel('Reason').fill('Members complained.');
      await press(team.getByRole('button', { name: 'Suspend the app' }));
      await team.getByText('This app is suspended').waitFor();
      await inspect(team, 'portal/desk-app-suspended');
      await developer.reload();
      await inspect(developer, 'portal/app-suspended');
      await developer.goto(`${portal}/`);
      await inspect(developer, 'portal/apps');
      for (const [what, url] of [
        ['portal/not-found', `${portal}/nowhere`],
        ['member/not-found', `${consent}/nowhere`],
        ['member/not-found-sign-in', `${authServer}/sandbox/nowhere`],
      ] as const) {
        await developer.goto(url);
        await inspect(developer, what);
      }
    },
    // A limit for machines that do other work; the walk takes half a minute on a quiet one.
    300_000,
  );

  it('work without JavaScript', async () => {
    const page = await system.openPortal('/sign-up', { javaScriptEnabled: false });
    const { consent } = system.addresses;
    await signUp(page, { name: 'Ada Example', email: 'ada-without-script@client-app.example' });
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
    await page.context().close();
  }, 60_000);
});
