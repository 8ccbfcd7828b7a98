import { describe, expect, it } from 'vitest';
import { App, localMembers, PortalSession } from '@payer/journey';
import { BrowserSystem } from './browser-system.js';
import { developerPassword, fill, inspect, press, signUp } from './page-checks.js';

const [member] = localMembers.sandbox;

describe('the tools of a developer in a browser', () => {
  const system = new BrowserSystem();
  /** A developer who is signed in, with an app. */
  const newApp = async (name: string, metadata: Record<string, unknown> = {}) => {
    const { portal } = system.addresses;
    const email = `${name.toLowerCase()}@client-app.example`;
    const page = await system.openPortal('/sign-up');
    await signUp(page, { name: `${name} Example`, email });
    const session = await PortalSession.signIn(portal, email, developerPassword);
    const credentials = await session.createApp('patient-access', {
      client_name: `${name} Health`,
      redirect_uris: ['https://client-app.com/redirect'],
      ...metadata,
    });
    return { page, email, credentials, app: `${portal}/apps/${credentials.client_id}` };
  };

  it('replace a forgotten password by the link of a mail', async () => {
    const { portal } = system.addresses;
    const { page, email } = await newApp('Frida');
    await press(page.getByRole('button', { name: 'Sign out' }));
    await page.goto(`${portal}/forgot-password`);
    await inspect(page, 'portal/forgot-password');
    await fill(page, { email });
    await press(page.locator('main form button').first());
    await page.getByText('Check your mail').waitFor();
    await inspect(page, 'portal/forgot-password-sent');
    await page.goto(`${portal}/mailbox?to=${encodeURIComponent(email)}`);
    await inspect(page, 'portal/mailbox');
    await press(page.getByRole('link', { name: /reset-password/ }).first());
    await fill(page, { new_password: 'short' });
    await press(page.locator('main form button').first());
    await inspect(page, 'portal/reset-password-refused');
    await fill(page, { new_password: 'another-long-password' });
    await press(page.locator('main form button').first());
    await page.goto(`${portal}/sign-in`);
    await fill(page, { email, password: 'another-long-password' });
    await press(page.locator('main form button').first());
    await page.getByText('Frida Health').first().waitFor();
  }, 120_000);

  it('set a lever, and follow its effect live', async () => {
    const { page, app, credentials } = await newApp('Livia');
    const { client_id, client_secret } = credentials;
    const basic = Buffer.from(`${client_id}:${client_secret}`).toString('base64');
    const token = () =>
      fetch(`${system.addresses.authServer}/sandbox/token`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${basic}`,
        },
        body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x' }),
      });
    const client = new App(system.addresses, 'sandbox', credentials);
    const tokens = await client.connect(member);
    for (let n = 0; n < 12; n += 1)
      await client.fhir(tokens.access_token, n % 4 ? `/Coverage?_count=${n}` : '/Claim');
    await page.goto(`${app}/levers`);
    await inspect(page, 'portal/app-levers');
    await page.getByLabel('Token request').selectOption('temporarily_unavailable');
    await press(page.getByRole('button', { name: 'Set this error' }).nth(1));
    await page.getByText('Waiting for a request').waitFor();
    await inspect(page, 'portal/app-levers-set');

    await page.goto(`${app}/activity`);
    const cards = page.locator('.request');
    for (let n = 0; n < 60 && (await cards.count()) < 5; n += 1) await page.reload();
    const before = await cards.count();
    await page.getByRole('button', { name: 'Follow live' }).click();
    let status = 0;
    // The lever reaches auth-server by an event.
    for (let n = 0; n < 200 && status !== 429; n += 1) {
      ({ status } = await token());
      await page.waitForTimeout(100);
    }
    expect(status).toBe(429);
    await page.locator('.request', { hasText: 'Lever' }).first().waitFor();
    expect(await cards.count()).toBeGreaterThan(before);
    await page.getByText(/new requests?$/).waitFor();
    await inspect(page, 'portal/app-activity-live');
    await page.getByRole('button', { name: 'Stop the live view' }).click();
    await page.getByRole('button', { name: 'Follow live' }).waitFor();
    await page.getByLabel('Since').fill('yesterday');
    await press(page.getByRole('button', { name: 'Filter' }));
    await page.getByText('must be an instant').first().waitFor();
    await inspect(page, 'portal/app-activity-refused');
  }, 120_000);

  it('try an app that demands pushed requests and tokens bound to a key', async () => {
    const { page, app } = await newApp('Petra', {
      require_pushed_authorization_requests: true,
      dpop_bound_access_tokens: true,
    });
    await page.goto(app);
    await press(page.getByRole('button', { name: 'Try it in the sandbox' }));
    await page.waitForURL(`${system.addresses.authServer}/**`);
    await inspect(page, 'member/sign-in-picker');
    await press(page.getByRole('button', { name: 'Maria Elena Lindqvist' }));
    await page.waitForURL(`${system.addresses.consent}/**`);
    await press(page.getByRole('button', { name: /^Yes/ }));
    await page.getByRole('heading', { name: 'It works: your first FHIR answer' }).waitFor();
    await inspect(page, 'portal/try-it-pushed');
    for (const [act, step] of [
      ['Use the refresh token', 'The refresh token gave new tokens'],
      ['Send a wrong redirect URI', 'wrong redirect URI'],
      ['Let the token end', 'The access token ended'],
    ] as const) {
      await press(page.getByRole('button', { name: act }));
      await page.getByText(step).first().waitFor();
    }
    await page.getByText('The FHIR API refused this request').waitFor();
    await press(page.getByRole('button', { name: 'Use the refresh token' }));
    await page.getByRole('heading', { name: 'It works: your first FHIR answer' }).waitFor();
    const failed = page.locator('details.step', { has: page.locator('.failed') });
    expect(await failed.locator('summary').first().innerText()).toContain('wrong redirect URI');
    expect(await failed.count()).toBe(1);
    await page.locator('details.step').evaluateAll((steps) => {
      for (const step of steps) step.setAttribute('open', '');
    });
    await inspect(page, 'portal/try-it-opened');
  }, 120_000);

  it('sign a member out of the plan, who is asked first', async () => {
    const { credentials } = await newApp('Olga');
    const { authServer, consent } = system.addresses;
    const page = await system.open();
    await page.goto(`${consent}/sandbox/`);
    await fill(page, { username: member.username, password: member.password });
    await press(page.getByRole('button', { name: 'Sign in' }));
    await page.waitForURL(`${consent}/sandbox/`);
    await page.goto(`${authServer}/sandbox/end-session?client_id=${credentials.client_id}`);
    await inspect(page, 'member/sign-out-question');
    await press(page.locator('button[value=yes]'));
    await inspect(page, 'member/signed-out');
    const wrong = new URLSearchParams({
      client_id: credentials.client_id,
      post_logout_redirect_uri: 'https://client-app.com/bye',
    });
    await page.goto(`${authServer}/sandbox/end-session?${wrong}`);
    await inspect(page, 'member/sign-out-refused');
  }, 120_000);
});
