import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { localMembers } from '@payer/journey';
import { eventually } from '@payer/testing';
import { certifiedKey, startIdentityProvider, type IdentityProvider } from '@payer/testing/saml';
import { backAtTheApp, BrowserSystem } from './browser-system.js';
import { browserOf, looker, type MemberView } from './member-view.js';

/** The provider's host is 127.0.0.1 and ours is localhost, so its POST is cross-site. */
const words = {
  en: {
    signIn: 'Sign in at Plan SAML',
    signOut: 'Sign out',
    signedOut: 'You are signed out',
    yes: /^Yes/,
    consent: /^Share your records/,
    problem: 'could not sign',
  },
  es: {
    signIn: 'Iniciar sesión en Plan SAML',
    signOut: 'Cerrar sesión',
    signedOut: 'Ha cerrado la sesión',
    yes: /^Sí/,
    consent: /^¿Compartir sus datos/,
    problem: 'No pudimos iniciar',
  },
};
const cases: MemberView[] = [
  { language: 'en', width: 390, javaScriptEnabled: true },
  { language: 'en', width: 1280, javaScriptEnabled: false },
  { language: 'es', width: 1280, javaScriptEnabled: true },
  { language: 'es', width: 390, javaScriptEnabled: false },
];
const importer = fileURLToPath(
  new URL('../../../apps/auth-server/dist/members/import-roster.js', import.meta.url),
);
const [known] = localMembers.sandbox;
const email = 'member@members.example.org';

describe('sign-in by SAML in a browser', () => {
  let provider: IdentityProvider;
  let variables: Record<string, string>;
  const system = new BrowserSystem({ app: { name: 'Sunrise Health' }, variables: startProvider });

  /** @returns the variables of a system that knows the provider */
  async function startProvider() {
    provider = await startIdentityProvider('member-7');
    const { privateKey, certificate } = certifiedKey('payer');
    provider.applicationCertificate = certificate;
    const rule = {
      protocol: 'saml',
      id: 'plan',
      environment: 'sandbox',
      name: 'Plan SAML',
      entity_id: provider.entityId,
      sign_in_url: provider.signInUrl,
      sign_out_url: provider.signOutUrl,
      signing: { key: privateKey, certificate },
      certificates: [provider.key.certificate],
    };
    variables = { MEMBER_PROVIDERS: JSON.stringify([rule]) };
    return variables;
  }

  beforeAll(async () => {
    const roster = join(mkdtempSync(join(tmpdir(), 'roster-')), 'roster.ndjson');
    const line = { subject: 'member-7', patient: known.patient, name: 'Maria', email, language: 'es' };
    writeFileSync(roster, JSON.stringify(line));
    await promisify(execFile)(
      process.execPath,
      [importer, '--environment', 'sandbox', '--provider', 'plan', roster],
      { env: { ...process.env, ...variables, DATABASE_URL: system.databaseUrl('auth_server') } },
    );
  }, 30_000);
  afterAll(() => provider?.close());

  /** Without scripts the member presses the button of the provider's page. */
  async function signInAtProvider(page: Page, { language, javaScriptEnabled }: MemberView) {
    await page.getByRole('button', { name: words[language].signIn }).click();
    if (!javaScriptEnabled) await page.getByRole('button', { name: 'Continue' }).click();
  }

  it.each(cases)(
    'leads to the records, in $language at $width px, scripts $javaScriptEnabled',
    async (view) => {
      const { signIn, yes, consent, problem } = words[view.language];
      const { app, redirectUri } = system;
      const page = await system.open(browserOf(view));
      const look = looker(page, view, true);
      const ask = async () => {
        // The member's earlier yes would answer the question.
        await page.goto(app.authorizationUrl({ redirectUri, parameters: { prompt: 'consent' } }));
      };
      const goToProvider = async () => {
        await ask();
        await signInAtProvider(page, view);
      };

      await ask();
      await page.getByRole('button', { name: signIn }).waitFor();
      await look('provider-sign-in');
      provider.nameId = 'stranger';
      await goToProvider();
      await page.locator('h1').first().waitFor();
      await page.waitForURL(`${system.addresses.authServer}/**`);
      await look('provider-not-covered');
      provider.nameId = 'member-7';

      provider.fields = { status: 'urn:oasis:names:tc:SAML:2.0:status:Responder' };
      await goToProvider();
      await page.getByRole('heading', { name: problem }).waitFor();
      await look('provider-refused');
      await page.locator('form button.secondary, form button[class*=secondary]').first().click();
      await page.getByText(backAtTheApp).waitFor();
      expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied');

      provider.fields = {};
      await goToProvider();
      await page.getByRole('heading', { name: consent }).waitFor();
      await page.getByRole('button', { name: yes }).click();
      await page.getByText(backAtTheApp).waitFor();
      const code = new URL(page.url()).searchParams.get('code') ?? '';
      const { status, body } = await app.exchange(code, { redirect_uri: redirectUri });
      expect(status).toBe(200);
      expect((await app.fhir(body.access_token, `/Patient/${known.patient}`)).status).toBe(200);
      await page.context().close();
    },
    90_000,
  );

  /** Opens the connected apps in a browser that has no session, and signs in. */
  async function openConnectedApps(view: MemberView): Promise<Page> {
    const page = await system.open(browserOf(view));
    await page.goto(`${system.addresses.consent}/sandbox/`);
    await signInAtProvider(page, view);
    await page.getByRole('button', { name: words[view.language].signOut }).waitFor();
    return page;
  }
  /** The connected apps ask for a sign-in, and so does auth-server: both sessions have ended. */
  async function expectSignedOut(page: Page, { language }: MemberView) {
    const { app, redirectUri, addresses } = system;
    for (const url of [`${addresses.consent}/sandbox/`, app.authorizationUrl({ redirectUri })]) {
      await page.goto(url);
      await page.getByRole('button', { name: words[language].signIn }).waitFor();
    }
  }

  it.each(cases)(
    'a sign-out here ends the session at the provider, in $language at $width px, scripts $javaScriptEnabled',
    async (view) => {
      const { signOut, signedOut } = words[view.language];
      provider.sessions = [];
      const page = await openConnectedApps(view);
      expect(provider.sessions).toMatchObject([{ nameId: 'member-7' }]);
      await page.getByRole('button', { name: signOut }).click();
      await page.getByRole('heading', { name: signedOut }).waitFor();
      await looker(page, view, true)('provider-signed-out');
      expect(provider.sessions).toEqual([]);
      await expectSignedOut(page, view);
      await page.context().close();
    },
    60_000,
  );

  it.each(cases.slice(0, 2))(
    'a sign-out at the provider ends the member here in every browser, scripts $javaScriptEnabled',
    async (view) => {
      provider.sessions = [];
      const phone = await openConnectedApps(view);
      const laptop = await openConnectedApps(view);
      await laptop.goto(provider.accountUrl);
      await laptop.getByRole('link', { name: 'Sign out everywhere' }).click();
      await laptop.getByRole('heading', { name: 'You are signed out everywhere' }).waitFor();
      expect(new URL(laptop.url()).origin).toBe(new URL(provider.accountUrl).origin);
      expect(provider.sessions).toEqual([]);
      for (const page of [phone, laptop]) {
        await expectSignedOut(page, view);
        await page.context().close();
      }
    },
    60_000,
  );

  it('and the member gets a mail about the app, in the language of the roster', async () => {
    const mail = await eventually(async () => {
      const answer = await fetch(`${system.addresses.portal}/api/mailbox?to=${email}`);
      const [newest] = (await answer.json()) as { subject: string; text: string }[];
      return newest;
    });
    expect(mail.subject).toBe('Sunrise Health ya puede ver datos de salud');
    expect(system.logs()).not.toContain(email);
  }, 30_000);
});
