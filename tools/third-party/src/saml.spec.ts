import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { App, localMembers, PortalSession } from '@payer/journey';
import { startTestSystem, type TestSystem } from '@payer/journey/test-system';
import { eventually } from '@payer/testing';
import { startIdentityProvider, type IdentityProvider } from '@payer/testing/saml';
import { inspectPage } from './inspect-page.js';
import { startBrowser } from './start-browser.js';
import { takePictures } from './take-picture.js';

/** Needs Chromium. The provider's host is 127.0.0.1 and ours is localhost, so its POST is cross-site. */
const words = {
  en: {
    signIn: 'Sign in at Plan SAML',
    yes: /^Yes/,
    consent: /^Share your records/,
    problem: 'could not sign',
  },
  es: {
    signIn: 'Iniciar sesión en Plan SAML',
    yes: /^Sí/,
    consent: /^¿Compartir sus datos/,
    problem: 'No pudimos iniciar',
  },
};
const cases = [
  { language: 'en', width: 390, javaScriptEnabled: true },
  { language: 'en', width: 1280, javaScriptEnabled: false },
  { language: 'es', width: 1280, javaScriptEnabled: true },
  { language: 'es', width: 390, javaScriptEnabled: false },
] as const;
const importer = fileURLToPath(
  new URL('../../../apps/auth-server/dist/members/import-roster.js', import.meta.url),
);
const [known] = localMembers.sandbox;
const email = 'member@members.example.org';

describe('sign-in by SAML in a browser', () => {
  let provider: IdentityProvider;
  let system: TestSystem;
  let browser: Browser;
  let appServer: Server;
  let redirectUri: string;
  let app: App;

  beforeAll(async () => {
    provider = await startIdentityProvider('member-7');
    const rule = {
      protocol: 'saml',
      id: 'plan',
      environment: 'sandbox',
      name: 'Plan SAML',
      entity_id: provider.entityId,
      sign_in_url: provider.signInUrl,
      certificates: [provider.key.certificate],
    };
    const variables = { MEMBER_PROVIDERS: JSON.stringify([rule]) };
    system = await startTestSystem(variables);
    const roster = join(mkdtempSync(join(tmpdir(), 'roster-')), 'roster.ndjson');
    const line = { subject: 'member-7', patient: known.patient, name: 'Maria', email, language: 'es' };
    writeFileSync(roster, JSON.stringify(line));
    await promisify(execFile)(
      process.execPath,
      [importer, '--environment', 'sandbox', '--provider', 'plan', roster],
      { env: { ...process.env, ...variables, DATABASE_URL: system.running.databaseUrl('auth_server') } },
    );
    appServer = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end('<p>back at the app</p>');
    });
    await new Promise<void>((resolve) => appServer.listen(0, resolve));
    redirectUri = `http://localhost:${(appServer.address() as AddressInfo).port}/callback`;
    const developer = await PortalSession.newDeveloper(system.addresses.portal);
    const metadata = { client_name: 'Sunrise Health', redirect_uris: [redirectUri] };
    app = new App(system.addresses, 'sandbox', await developer.createApp('patient-access', metadata));
    browser = await startBrowser();
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    appServer?.close();
    provider?.close();
    await system?.stop();
  }, 60_000);

  it.each(cases)(
    'leads to the records, in $language at $width px, scripts $javaScriptEnabled',
    async ({ language, width, javaScriptEnabled }) => {
      const { signIn, yes, consent, problem } = words[language];
      const context = await browser.newContext({
        viewport: { width, height: 844 },
        locale: language === 'es' ? 'es-MX' : 'en-US',
        javaScriptEnabled,
      });
      context.setDefaultTimeout(15_000);
      const page = await context.newPage();
      const goToProvider = async () => {
        // The member's earlier yes would answer the question.
        await page.goto(`${app.authorizationUrl({ redirectUri })}&prompt=consent`);
        await page.getByRole('button', { name: signIn }).click();
        // Without scripts the member presses the button of the provider's page.
        if (!javaScriptEnabled) await page.getByRole('button', { name: 'Continue' }).click();
      };
      const look = async (name: string) => {
        const faults = await inspectPage(page, javaScriptEnabled);
        expect({ name, ...faults }).toEqual({ name, overflow: 0, broken: [], faults: [] });
        if (language === 'en') await takePictures(page, `member/provider-${name}`, [width]);
      };

      await page.goto(`${app.authorizationUrl({ redirectUri })}&prompt=consent`);
      await page.getByRole('button', { name: signIn }).waitFor();
      await look('sign-in');
      provider.nameId = 'stranger';
      await goToProvider();
      await page.locator('h1').first().waitFor();
      await page.waitForURL(`${system.addresses.authServer}/**`);
      await look('not-covered');
      provider.nameId = 'member-7';

      provider.fields = { status: 'urn:oasis:names:tc:SAML:2.0:status:Responder' };
      await goToProvider();
      await page.getByRole('heading', { name: problem }).waitFor();
      await look('refused');
      await page.locator('form button.secondary, form button[class*=secondary]').first().click();
      await page.getByText('back at the app').waitFor();
      expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied');

      provider.fields = {};
      await goToProvider();
      await page.getByRole('heading', { name: consent }).waitFor();
      await page.getByRole('button', { name: yes }).click();
      await page.getByText('back at the app').waitFor();
      const code = new URL(page.url()).searchParams.get('code') ?? '';
      const { status, body } = await app.exchange(code, { redirect_uri: redirectUri });
      expect(status).toBe(200);
      expect((await app.fhir(body.access_token, `/Patient/${known.patient}`)).status).toBe(200);
      await context.close();
    },
    90_000,
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
