import { afterAll, describe, expect, it } from 'vitest';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { localMembers } from '@payer/journey';
import { BrowserSystem } from './browser-system.js';
import { developerPassword, fill, inspect, press, signUp } from './page-checks.js';
import { addAuthenticator } from './virtual-authenticator.js';

const [member] = localMembers.sandbox;

/** Counts what a person does on a page: buttons and links that the walk presses, fields that it fills. */
class Efforts {
  clicks = 0;
  fields = 0;
  constructor(private readonly page: Page) {}

  async press(name: string | RegExp, role: 'button' | 'link' = 'button'): Promise<void> {
    this.clicks += 1;
    await press(this.page.getByRole(role, { name }).first());
  }

  async fill(fields: Record<string, string>): Promise<void> {
    this.fields += Object.keys(fields).length;
    await fill(this.page, fields);
  }
}

describe('the developer portal in a browser', () => {
  const system = new BrowserSystem();
  const receiver = createServer();
  afterAll(() => receiver.close());

  /** Signs in at the sandbox, as a test member by a click or by the form, and says yes. */
  const approve = async (page: Page, efforts: Efforts, byPicker = false) => {
    await page.waitForURL(`${system.addresses.authServer}/**`);
    if (byPicker) await efforts.press('Maria Elena Lindqvist');
    else {
      await efforts.fill({ username: member.username, password: member.password });
      await efforts.press('Sign in');
    }
    await page.waitForURL(`${system.addresses.consent}/**`);
    await efforts.press(/^Yes/);
    await page.waitForURL(`${system.addresses.portal}/try-it/**`);
  };

  it.each([
    { javaScriptEnabled: true, byPicker: true, fields: 6 },
    { javaScriptEnabled: false, byPicker: false, fields: 8 },
  ])(
    'leads from sign-up to the first FHIR answer in 5 clicks, $fields fields (scripts: $javaScriptEnabled)',
    async ({ javaScriptEnabled, byPicker, fields }) => {
      const page = await system.openPortal('/', { javaScriptEnabled });
      await press(page.getByRole('link', { name: 'Sign up' }).first());
      const efforts = new Efforts(page);
      await efforts.fill({
        name: 'Nadia Newcomer',
        organization: 'Kindly Claims',
        email: `nadia-${javaScriptEnabled}@client-app.example`,
        password: developerPassword,
      });
      await efforts.press('Sign up');
      await efforts.fill({ client_name: 'Kindly Claims', redirect_uris: 'http://localhost:9311/callback' });
      await efforts.press('Create the app');
      if (javaScriptEnabled) await inspect(page, 'portal/app-overview-new');
      await efforts.press('Try it in the sandbox');
      await approve(page, efforts, byPicker);
      await page.getByRole('heading', { name: 'It works: your first FHIR answer' }).waitFor();
      expect(await page.locator('main').innerText()).toContain(member.patient);
      expect({ clicks: efforts.clicks, fields: efforts.fields }).toEqual({ clicks: 5, fields });
      if (!javaScriptEnabled) return;
      await inspect(page, 'portal/try-it');
      await page.getByLabel('Resource type').selectOption('ExplanationOfBenefit');
      await page.getByLabel('Search parameters').fill('_count=5');
      await press(page.getByRole('button', { name: 'Search' }));
      await press(page.getByRole('link', { name: 'Next page' }));
      await page
        .getByRole('link', { name: /^ExplanationOfBenefit\// })
        .first()
        .waitFor();
      await inspect(page, 'portal/explorer');
      for (const [act, step] of [
        ['Send a wrong secret', 'A token request with a wrong secret'],
        ['Use the refresh token', 'The refresh token gave new tokens'],
        ['End this grant', 'The app gave its token back'],
      ] as const) {
        await press(page.getByRole('button', { name: act }));
        await page.getByText(step).first().waitFor();
      }
      await page.getByText('The FHIR API refused this request').waitFor();
      await page.getByRole('heading', { name: 'The last request was refused' }).waitFor();
      await inspect(page, 'portal/grant-ended');
      await press(page.getByRole('link', { name: 'Back to the app' }));
      await page.getByRole('button', { name: 'I have stored the secret' }).waitFor();
    },
    120_000,
  );

  it('shows the demonstration without an account in three clicks', async () => {
    const page = await system.openPortal('/');
    await inspect(page, 'portal/landing');
    const efforts = new Efforts(page);
    await efforts.press('Try the Patient Access API without an account');
    await approve(page, efforts);
    await page.getByRole('heading', { name: 'It works: your first FHIR answer' }).waitFor();
    expect(efforts.clicks).toBeLessThanOrEqual(3);
    await page.goto(`${system.addresses.portal}/`);
    await press(page.getByRole('button', { name: 'Try the Provider Directory API without an account' }));
    await page
      .getByRole('link', { name: /^Practitioner\// })
      .first()
      .waitFor();
    await inspect(page, 'portal/directory-demonstration');
  }, 120_000);

  it('leads from a redirect mismatch and a wrong secret to their fixes by the Activity page', async () => {
    const { portal, authServer } = system.addresses;
    const page = await system.openPortal('/sign-up');
    await signUp(page, { name: 'Ada Activity', email: 'ada-activity@client-app.example' });
    await fill(page, { client_name: 'Mismatch', redirect_uris: 'https://client-app.com/redirect' });
    await press(page.getByRole('button', { name: 'Create the app' }));
    const client_id = new URL(page.url()).pathname.split('/').at(-1)!;
    const sent = 'https://client-app.com/redirect/';
    const request = new URLSearchParams({
      response_type: 'code',
      client_id,
      redirect_uri: sent,
      scope: 'openid fhirUser launch/patient patient/*.rs',
    });
    expect((await fetch(`${authServer}/sandbox/authorize?${request}`)).status).toBe(400);
    const answer = await fetch(`${authServer}/sandbox/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${client_id}:wrong`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x' }),
    });
    expect(answer.status).toBe(401);
    const { error_uri } = (await answer.json()) as { error_uri: string };
    await page.goto(error_uri);
    await page.getByRole('heading', { name: 'invalid_client' }).waitFor();
    const activity = `${portal}/apps/${client_id}/activity?outcome=failed`;
    for (let n = 0; n < 60 && (await page.locator('.request').count()) < 2; n++) await page.goto(activity);
    await page.getByText('current secret').first().waitFor();
    expect(await page.locator('mark').innerText()).toBe('/');
    await inspect(page, 'portal/app-activity-failed');
    await press(page.getByRole('button', { name: `Register ${sent}` }));
    await page.getByText('The redirect URI is registered').waitFor();
    expect((await fetch(`${authServer}/sandbox/authorize?${request}`, { redirect: 'manual' })).status).toBe(
      303,
    );
  }, 120_000);

  it('adds a webhook, sends a test, and confirms the address of the developer', async () => {
    const { portal } = system.addresses;
    const received = new Promise<string>((resolve) => {
      receiver.once('request', (request, response) => {
        response.writeHead(204).end();
        resolve(String(request.headers['webhook-signature']));
      });
    });
    receiver.listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const { port } = receiver.address() as AddressInfo;
    const page = await system.openPortal('/sign-up');
    const email = 'willa-webhook@client-app.example';
    await signUp(page, { name: 'Willa Webhook', email });
    await fill(page, { client_name: 'Hooked', redirect_uris: 'https://client-app.com/redirect' });
    await press(page.getByRole('button', { name: 'Create the app' }));
    await press(page.getByRole('link', { name: 'Webhooks', exact: true }));
    await fill(page, { url: 'https://169.254.169.254/' });
    await press(page.getByRole('button', { name: 'Add the endpoint' }));
    await page.getByText('must not lead to an inner address').first().waitFor();
    await fill(page, { url: `http://127.0.0.1:${port}/webhooks` });
    await press(page.getByRole('button', { name: 'Add the endpoint' }));
    await press(page.getByRole('button', { name: 'Send a test' }));
    expect(await received).toMatch(/^v1,/);
    const delivered = page.locator('summary', { hasText: 'delivered' });
    for (let n = 0; n < 60 && (await delivered.count()) === 0; n++) await page.reload();
    await inspect(page, 'portal/app-webhooks');
    await page.goto(`${portal}/mailbox?to=${encodeURIComponent(email)}`);
    await press(page.getByRole('link', { name: /confirm-email/ }).first());
    await page.getByRole('heading', { name: 'Your email address is confirmed' }).waitFor();
    await inspect(page, 'portal/email-confirmed');
    await page.goto(`${portal}/account`);
    await inspect(page, 'portal/account');
  }, 120_000);

  it('adds a passkey, signs in with it without an email, and removes it', async () => {
    const { portal } = system.addresses;
    const page = await system.openPortal('/sign-up');
    await addAuthenticator(page);
    await signUp(page, { name: 'Petra Passkey', email: 'petra-passkey@client-app.example' });
    await page.goto(`${portal}/account`);
    await press(page.getByRole('link', { name: 'Your passkeys' }));
    await inspect(page, 'portal/passkeys-none');
    await fill(page, { name: 'Laptop', current_password: 'a wrong password' });
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByText('The current password is wrong.').waitFor();
    await page.getByLabel('Current password').fill(developerPassword);
    await press(page.getByRole('button', { name: 'Add a passkey' }));
    await page.getByText('The passkey is added.').waitFor();
    await inspect(page, 'portal/passkeys');
    await press(page.getByRole('button', { name: 'Sign out' }));
    await page.goto(`${portal}/sign-in`);
    await inspect(page, 'portal/sign-in');
    await press(page.getByRole('button', { name: 'Sign in with a passkey' }));
    await page.goto(`${portal}/account/passkeys`);
    await page.getByText('Last used').waitFor();
    await page.getByText('Rename or remove').click();
    await press(page.getByRole('link', { name: 'Remove' }));
    await inspect(page, 'portal/passkey-remove');
    await press(page.getByRole('button', { name: 'Remove this passkey' }));
    await page.getByText('It no longer signs anybody in.').waitFor();
    await page.context().clearCookies();
    await page.goto(`${portal}/sign-in`);
    await press(page.getByRole('button', { name: 'Sign in with a passkey' }));
    await page.getByText('We could not sign you in with this passkey').waitFor();
  }, 120_000);

  it('invites a colleague, who joins after a sign-up, and removes the colleague', async () => {
    const { portal } = system.addresses;
    const founder = await system.openPortal('/sign-up');
    const person = { name: 'Ines Inviter', organization: 'Shared Apps', email: 'ines@client-app.example' };
    await signUp(founder, person);
    await press(founder.getByRole('link', { name: 'Organization', exact: true }));
    await inspect(founder, 'portal/organizations');
    await press(founder.getByRole('link', { name: 'Shared Apps' }));
    const email = 'carl-colleague@client-app.example';
    await fill(founder, { email });
    await founder.getByLabel('Viewer').check();
    await press(founder.getByRole('button', { name: 'Send the invitation' }));
    await founder.getByText('The invitation is on its way by mail.').waitFor();
    const colleague = await system.openPortal(`/mailbox?to=${encodeURIComponent(email)}`);
    await press(colleague.getByRole('link', { name: /invitation/ }).first());
    await inspect(colleague, 'portal/invitation');
    await press(colleague.getByRole('main').getByRole('link', { name: 'Sign up' }));
    await signUp(colleague, { name: 'Carl Colleague', organization: 'Carl', email });
    await press(colleague.getByRole('button', { name: 'Join the organization' }));
    await colleague.getByText('You belong to the organization now.').waitFor();
    await inspect(colleague, 'portal/organization-viewer');
    await fill(founder, { name: 'Shared Apps Together' });
    await press(founder.getByRole('button', { name: 'Rename the organization' }));
    await founder.getByRole('heading', { name: 'Shared Apps Together' }).waitFor();
    await founder.getByText('renamed the organization to Shared Apps Together.').waitFor();
    await inspect(founder, 'portal/organization');
    await press(founder.getByRole('link', { name: 'Remove Carl Colleague' }));
    await inspect(founder, 'portal/organization-member-remove');
    await press(founder.getByRole('button', { name: 'Remove this member' }));
    await founder.getByText('The member is removed.').waitFor();
    await press(colleague.getByRole('link', { name: 'Organization', exact: true }));
    expect(await colleague.getByRole('link', { name: /^Shared Apps/ }).count()).toBe(0);
    await colleague.goto(`${portal}/apps/new`);
    await inspect(colleague, 'portal/app-new-colleague');
  }, 120_000);

  it('takes a logo and shows it; a file that is no picture is refused', async () => {
    const page = await system.openPortal('/sign-up');
    await signUp(page, { name: 'Lola Logo', email: 'lola@client-app.example' });
    await fill(page, { client_name: 'Drawn', redirect_uris: 'https://client-app.com/redirect' });
    await press(page.getByRole('button', { name: 'Create the app' }));
    await press(page.getByRole('link', { name: 'Settings', exact: true }));
    const choose = (name: string, mimeType: string, text: string) =>
      page.getByLabel('Logo file').setInputFiles({ name, mimeType, buffer: Buffer.from(text) });
    await choose('logo.png', 'image/png', '<html>');
    await press(page.getByRole('button', { name: 'Upload the logo' }));
    await page.getByText('must be a PNG, JPEG or SVG picture').first().waitFor();
    await inspect(page, 'portal/app-settings-logo-refused');
    const shape = '<circle cx="20" cy="20" r="18" fill="#0b5c8a"/>';
    await choose(
      'logo.svg',
      'image/svg+xml',
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40">${shape}</svg>`,
    );
    await press(page.getByRole('button', { name: 'Upload the logo' }));
    const logo = page.locator('main img.app-logo');
    await logo.waitFor();
    const width = () => logo.evaluate((image) => (image as HTMLImageElement).naturalWidth);
    expect(await width()).toBe(256);
    await inspect(page, 'portal/app-settings-logo');
    const settings = page.url();
    await press(page.getByRole('link', { name: 'Overview', exact: true }));
    await press(page.getByRole('button', { name: 'Try it in the sandbox' }));
    await page.waitForURL(`${system.addresses.authServer}/**`);
    await fill(page, { username: member.username, password: member.password });
    await press(page.getByRole('button', { name: 'Sign in' }));
    await page.waitForURL(`${system.addresses.consent}/**`);
    // Consent copies new logos every few seconds.
    const deadline = Date.now() + 40_000;
    while ((await logo.count()) === 0 && Date.now() < deadline) await page.reload();
    expect(new URL((await logo.getAttribute('src')) ?? '', page.url()).origin).toBe(system.addresses.consent);
    expect(await width()).toBe(256);
    await page.goto(settings);
    await press(page.getByRole('button', { name: 'Remove the logo' }));
    expect(await logo.count()).toBe(0);
  }, 120_000);

  it('serves documentation that names exactly what the FHIR API has', async () => {
    const { portal, fhir } = system.addresses;
    const statement = (await (await fetch(`${fhir.sandbox}/metadata`)).json()) as {
      rest: { resource: { type: string; searchParam?: { name: string }[]; searchInclude?: string[] }[] }[];
    };
    const resources = statement.rest[0]?.resource ?? [];
    expect(resources.length).toBeGreaterThan(20);
    const page = await system.openPortal('/docs/');
    for (const { type, searchParam = [], searchInclude = [] } of resources) {
      await page.goto(`${portal}/docs/fhir/${type}`);
      const named = await page.locator('.table').first().locator('td:first-child code').allInnerTexts();
      expect({ type, named: named.sort() }).toEqual({
        type,
        named: searchParam.map(({ name }) => name).sort(),
      });
      const text = await page.locator('main').innerText();
      expect(searchInclude.filter((include) => !text.includes(include))).toEqual([]);
    }
  }, 120_000);

  it('keeps every page of the documentation within its width and free of faults', async () => {
    const page = await system.openPortal('/docs/');
    const links = await page
      .locator('.docs-nav a')
      .evaluateAll((found) => found.map((link) => link.getAttribute('href')));
    await inspect(page, 'portal/docs-contents');
    for (const href of [
      ...links,
      '/docs/errors/invalid_grant',
      '/docs/fhir/Patient',
      '/docs/conformance/us-core',
      '/docs/search?q=scope',
    ]) {
      await page.goto(`${system.addresses.portal}${href}`);
      await inspect(page, `portal/${(href ?? '').replace(/[^a-z]+/gi, '-').replace(/^-|-$/g, '')}`);
    }
    await page.goto(`${system.addresses.portal}/sign-up`);
    await signUp(page, { name: 'Connie Conformance', email: 'connie-conformance@client-app.example' });
    await page.goto(`${system.addresses.portal}/docs/conformance`);
    await press(page.getByRole('button', { name: 'Run the checks now' }));
    const passed = page.getByText(/All \d+ checks passed/);
    for (let n = 0; n < 120 && (await passed.count()) === 0; n++) await page.reload();
    await inspect(page, 'portal/docs-conformance-passed');
  }, 180_000);
});
