import { expect } from 'vitest';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ServiceIdentity, signatureFor, type RunningService } from '@payer/service';
import { signOutRequestType } from '@payer/smart';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { certifiedKey, startIdentityProvider, type IdentityProvider } from '@payer/testing/saml';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { DataSource } from 'typeorm';
import { readConfig } from '../../config.js';
import { importRoster } from '../../members/roster.js';
import { authServer } from '../../service.js';
import { cookieBrowser, follow, type Go } from './cookie-browser.js';
import { startForger, startUpstream, type Upstream } from './upstream.js';
import { migrated } from '../../testing/migrated.js';

export const redirectUri = 'https://client-app.example/redirect';
export const afterSignOut = 'https://client-app.example/bye';
export const callback = (id: string) => `http://localhost:4000/production/provider-callback/${id}`;
export const isConsent = (url: string) => url.startsWith('http://localhost:4002/');

export const authorizationPath = (more: Record<string, string> = {}) =>
  `/production/authorize?${new URLSearchParams({
    response_type: 'code',
    client_id: 'app1',
    redirect_uri: redirectUri,
    scope: 'openid fhirUser launch/patient patient/*.rs',
    ...more,
  })}`;

/** A key that no provider of the system has. To make one takes a fifth of a second. */
export const stranger = certifiedKey('stranger');

/**
 * auth-server with these providers: `plan` and `forger` (OpenID Connect), `saml`, and `saml-loose`, which
 * accepts responses without a signature of their own and has no sign-out; `sealed` and `sealed-loose` decrypt
 * assertions.
 */
export class ProviderSystem {
  postgres: TestPostgres;
  service: RunningService;
  source: DataSource;
  upstream: Upstream;
  forger: Awaited<ReturnType<typeof startForger>>;
  identityProvider: IdentityProvider;
  /** The key of auth-server for encrypted assertions, and for its own signatures. */
  readonly ownKey = certifiedKey('payer');
  databaseUrl: string;
  /** Bodies of the calls that consent has received. */
  readonly consentCalls: unknown[] = [];
  isConsentAway = false;
  private consentDouble: Server;
  private consentKey: CryptoKey;
  private isRosterChanged = true;
  private readonly folder = mkdtempSync(join(tmpdir(), 'roster-'));

  async start(): Promise<void> {
    this.postgres = await startTestPostgres();
    this.upstream = await startUpstream(callback('plan'));
    this.forger = await startForger();
    this.identityProvider = await startIdentityProvider('alice');
    this.databaseUrl = await this.postgres.database('auth_server', migrated);
    const consentUrl = await this.startConsentDouble();
    const config = readConfig({
      NODE_ENV: 'test',
      PORT: '0',
      LOG_LEVEL: 'silent',
      DATABASE_URL: this.databaseUrl,
      EVENTS_DATABASE_URL: await this.postgres.database('events'),
      CONSENT_JWKS_URL: `${consentUrl}/jwks`,
      CONSENT_INTERNAL_URL: consentUrl,
      PLAN_CONTACT: '1-800-555-0100',
      MEMBER_PROVIDERS: JSON.stringify(this.providers()),
    });
    this.service = await authServer.start(config);
    this.source = await new DataSource({ type: 'postgres', url: this.databaseUrl }).initialize();
    const app = {
      client_id: 'app1',
      version: 1,
      client_name: 'Health App',
      organization: 'Apps Inc',
      redirect_uris: [redirectUri],
      post_logout_redirect_uris: [afterSignOut],
      plan: 'patient-access',
      status: 'active',
      environments: ['sandbox', 'production'],
      require_pkce: false,
      secrets: [],
      tokens_valid_from: null,
    };
    await this.source.query('INSERT INTO app_model (client_id, version, state) VALUES ($1, 1, $2)', [
      app.client_id,
      JSON.stringify(app),
    ]);
  }

  /** Publishes consent's key, and takes the calls of auth-server. */
  private async startConsentDouble(): Promise<string> {
    const { publicKey, privateKey } = await generateKeyPair('RS256');
    this.consentKey = privateKey;
    const jwk = { ...(await exportJWK(publicKey)), kid: 'consent', use: 'sig', alg: 'RS256' };
    const identity = ServiceIdentity.of('consent', { NODE_ENV: 'test' });
    this.consentDouble = createServer((request, response) => {
      if (request.method !== 'POST') return void response.end(JSON.stringify({ keys: [jwk] }));
      if (this.isConsentAway) return void response.writeHead(503).end();
      void text(request).then(async (asked) => {
        const { url: target = '', method = '', headers } = request;
        this.consentCalls.push({ path: target, body: JSON.parse(asked) });
        const exchange = { headers, method, target, asked, status: 200, answered: '{}' };
        response.writeHead(200, await signatureFor(identity, exchange)).end('{}');
      });
    });
    await new Promise<void>((resolve) => this.consentDouble.listen(0, resolve));
    return `http://localhost:${(this.consentDouble.address() as AddressInfo).port}`;
  }

  /** The path by which consent signs a member out. */
  async signOutPath(sub: string): Promise<string> {
    const request = await new SignJWT({ sub })
      .setProtectedHeader({ alg: 'RS256', typ: signOutRequestType, kid: 'consent' })
      .setIssuer('http://localhost:4002/production/')
      .setAudience('http://localhost:4000/production')
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime('60s')
      .sign(this.consentKey);
    return `/production/sign-out?request=${request}`;
  }

  private providers(): object[] {
    const openId = { environment: 'production', client_id: 'payer', client_secret: 'upstream-secret' };
    const saml = {
      protocol: 'saml',
      environment: 'production',
      entity_id: this.identityProvider.entityId,
      sign_in_url: this.identityProvider.signInUrl,
      certificates: [this.identityProvider.key.certificate],
    };
    const own = { key: this.ownKey.privateKey, certificate: this.ownKey.certificate };
    return [
      {
        ...openId,
        id: 'plan',
        name: 'Plan Account',
        issuer: this.upstream.issuer,
        subject_claim: 'member_id',
        acr_values: 'urn:plan:two-factors',
      },
      { ...openId, id: 'forger', name: 'Forger', issuer: this.forger.issuer },
      {
        ...saml,
        id: 'saml',
        name: 'Plan SAML',
        sign_out_url: this.identityProvider.signOutUrl,
        signing: own,
      },
      { ...saml, id: 'sealed', name: 'Plan SAML, encrypted', decryption: { ...own, required: true } },
      { ...saml, id: 'sealed-loose', name: 'Loose', require_signed_response: false, decryption: own },
      {
        ...saml,
        id: 'saml-loose',
        name: 'Plan SAML with attributes',
        require_signed_response: false,
        subject_attribute: 'member_id',
      },
    ];
  }

  async stop(): Promise<void> {
    await this.service?.close();
    await this.source?.destroy();
    this.upstream?.close();
    this.forger?.close();
    this.identityProvider?.close();
    this.consentDouble?.close();
    await this.postgres?.stop();
  }

  /** Imports the rosters that every test begins with, if a test has changed them. */
  async resetRosters(): Promise<void> {
    if (!this.isRosterChanged) return;
    await this.roster('plan', [entry('member-of-alice')]);
    await this.roster('forger', [entry('alice', { username: 'forger-alice' })]);
    await this.roster('saml', [entry('alice', { username: 'saml-alice' })]);
    await this.roster('sealed', [entry('alice', { username: 'sealed-alice' })]);
    await this.roster('saml-loose', [entry('key-of-alice', { username: 'loose-alice' })]);
    this.isRosterChanged = false;
  }

  /** Imports a roster in which each line is an object, or text as it is. */
  roster(provider: string, lines: readonly unknown[], maxRemoved = 1) {
    this.isRosterChanged = true;
    const file = join(this.folder, `${provider}.ndjson`);
    const texts = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
    writeFileSync(file, texts.join('\n'));
    return importRoster(this.databaseUrl, file, { environment: 'production', provider, maxRemoved });
  }

  async subOf(provider: string, subject: string): Promise<string | undefined> {
    const [row] = await this.source.query(
      'SELECT sub FROM member_identity WHERE provider = $1 AND subject = $2',
      [provider, subject],
    );
    return row?.sub;
  }

  browser(): Go {
    return cookieBrowser(
      (address) => new URL(address.replace('http://localhost:4000', this.service.url), this.service.url),
    );
  }

  /** Opens the sign-in page and presses a provider's button. @returns the URL at the provider */
  async leave(go: Go, provider: string, more: Record<string, string> = {}) {
    const page = await follow(go, authorizationPath(more), () => false);
    const action = new RegExp(`action="([^"]+/providers/${provider})"`).exec(page.text)?.[1] ?? '';
    expect(page.text).toContain('Plan Account');
    expect(page.text).not.toContain('type="password"');
    const left = await go(action, { method: 'POST' });
    const signIn = action.replace(/\/providers\/.*/, '');
    return { signIn, location: new URL(left.location) };
  }

  /** Follows a refused answer to its page, and returns to the app. */
  async refused(go: Go, answer: string): Promise<{ status: number; text: string; error: URLSearchParams }> {
    const page = await follow(go, answer, isConsent);
    expect(page.location).toBe('');
    const action = /action="([^"]+\/no-sign-in\/[^"]+)"/.exec(page.text)?.[1] ?? '';
    const left = await go(action, { method: 'POST' });
    const back = new URL((await go(left.location)).location);
    expect(back.origin + back.pathname).toBe(redirectUri);
    return { status: page.status, text: page.text, error: back.searchParams };
  }
}

/** A line of a roster. */
export const entry = (subject: string, more: object = {}) => ({
  subject,
  patient: `p-${subject}`,
  name: subject,
  ...more,
});
