import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate, type RunningService } from '@payer/service';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { exportJWK, generateKeyPair } from 'jose';
import { DataSource } from 'typeorm';
import { readConfig } from '../config.js';
import { databaseOptions } from '../database/database-options.js';
import { importRoster } from '../members/roster.js';
import { authServer } from '../service.js';
import { parseMemberProviders } from './provider-rules.js';
import { startForger, startUpstream, type Upstream } from './testing/upstream.js';

const redirectUri = 'https://client-app.example/redirect';
const callback = (id: string) => `http://localhost:4000/production/provider-callback/${id}`;

describe('sign-in at the providers of the plan', () => {
  let postgres: TestPostgres;
  let service: RunningService;
  let source: DataSource;
  let upstream: Upstream;
  let forger: Awaited<ReturnType<typeof startForger>>;
  let databaseUrl: string;
  let consentKeys: Server;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    upstream = await startUpstream(callback('plan'));
    forger = await startForger();
    databaseUrl = await postgres.database('auth_server');
    const { publicKey } = await generateKeyPair('RS256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'consent', use: 'sig', alg: 'RS256' };
    consentKeys = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })));
    await new Promise<void>((resolve) => consentKeys.listen(0, resolve));
    const provider = { environment: 'production', client_id: 'payer', client_secret: 'upstream-secret' };
    const config = readConfig({
      NODE_ENV: 'test',
      PORT: '0',
      LOG_LEVEL: 'silent',
      DATABASE_URL: databaseUrl,
      EVENTS_DATABASE_URL: await postgres.database('events'),
      CONSENT_JWKS_URL: `http://localhost:${(consentKeys.address() as AddressInfo).port}/jwks`,
      PLAN_CONTACT: '1-800-555-0100',
      MEMBER_PROVIDERS: JSON.stringify([
        {
          ...provider,
          id: 'plan',
          name: 'Plan Account',
          issuer: upstream.issuer,
          subject_claim: 'member_id',
          acr_values: 'urn:plan:two-factors',
        },
        { ...provider, id: 'forger', name: 'Forger', issuer: forger.issuer },
      ]),
    });
    await migrate(databaseOptions(databaseUrl));
    service = await authServer.start(config);
    source = await new DataSource({ type: 'postgres', url: databaseUrl }).initialize();
    await source.query('INSERT INTO app_model (client_id, version, state) VALUES ($1, 1, $2)', [
      'app1',
      JSON.stringify({
        client_id: 'app1',
        version: 1,
        client_name: 'Health App',
        organization: 'Apps Inc',
        redirect_uris: [redirectUri],
        plan: 'patient-access',
        status: 'active',
        environments: ['sandbox', 'production'],
        require_pkce: false,
        secrets: [],
        tokens_valid_from: null,
      }),
    ]);
  }, 60_000);

  afterAll(async () => {
    await service.close();
    await source.destroy();
    upstream.close();
    forger.close();
    consentKeys.close();
    await postgres.stop();
  });

  const folder = mkdtempSync(join(tmpdir(), 'roster-'));
  const roster = (provider: string, lines: unknown[], maxRemoved = 1) => {
    const file = join(folder, `${provider}.ndjson`);
    writeFileSync(
      file,
      lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
    );
    return importRoster(databaseUrl, file, { environment: 'production', provider, maxRemoved });
  };
  const entry = (subject: string, more: object = {}) => ({
    subject,
    patient: `p-${subject}`,
    name: subject,
    ...more,
  });
  const subOf = async (provider: string, subject: string) =>
    (
      await source.query('SELECT sub FROM member_identity WHERE provider = $1 AND subject = $2', [
        provider,
        subject,
      ])
    )[0]?.sub;

  beforeEach(async () => {
    upstream.account = 'alice';
    Object.assign(forger, { claims: {}, isSignedByStranger: false, isUnsigned: false });
    await roster('plan', [entry('member-of-alice')]);
    await roster('forger', [entry('alice', { username: 'forger-alice' })]);
  });

  /** A browser. Keeps the cookies of each host and path, and follows redirects until the given stop. */
  function browser() {
    const jar: { host: string; path: string; name: string; value: string }[] = [];
    const here = (url: string) => new URL(url.replace('http://localhost:4000', service.url), service.url);
    const go = async (address: string, init: RequestInit = {}) => {
      const url = here(address);
      const cookie = jar
        .filter(({ host, path }) => host === url.host && url.pathname.startsWith(path))
        .map(({ name, value }) => `${name}=${value}`)
        .join('; ');
      const response = await fetch(url, {
        ...init,
        headers: { accept: 'text/html', cookie, ...init.headers },
        redirect: 'manual',
      });
      for (const set of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
        const path = /path=([^;]+)/i.exec(set)?.[1] ?? '/';
        const index = jar.findIndex(
          (each) => each.host === url.host && each.path === path && each.name === name,
        );
        if (index >= 0) jar.splice(index, 1);
        if (!/expires=Thu, 01 Jan 1970/i.test(set)) jar.push({ host: url.host, path, name, value });
      }
      const location = response.headers.get('location');
      return {
        status: response.status,
        location: location ? new URL(location, url).href : '',
        text: await response.text(),
      };
    };
    return go;
  }
  type Go = ReturnType<typeof browser>;

  async function follow(go: Go, address: string, until: (url: string) => boolean) {
    let step = await go(address);
    for (let hop = 0; hop < 20 && step.location && !until(step.location); hop++)
      step = await go(step.location);
    return step;
  }

  const authorizationPath = (more: Record<string, string> = {}) =>
    `/production/authorize?${new URLSearchParams({
      response_type: 'code',
      client_id: 'app1',
      redirect_uri: redirectUri,
      scope: 'openid fhirUser launch/patient patient/*.rs',
      ...more,
    })}`;

  /** Opens the sign-in page and presses a provider's button. @returns the URL at the provider */
  async function leave(go: Go, provider: string, more: Record<string, string> = {}) {
    const page = await follow(go, authorizationPath(more), () => false);
    const action = new RegExp(`action="([^"]+/providers/${provider})"`).exec(page.text)?.[1] ?? '';
    expect(page.text).toContain('Plan Account');
    expect(page.text).not.toContain('type="password"');
    const left = await go(action, { method: 'POST' });
    const signIn = action.replace(/\/providers\/.*/, '');
    return { signIn, location: new URL(left.location) };
  }

  /** Same as {@link leave}, and returns from the forger through its callback. */
  async function comeBack(go: Go, more: { state?: string; provider?: string } = {}) {
    const { location } = await leave(go, 'forger');
    forger.nonce = location.searchParams.get('nonce') ?? '';
    const state = more.state ?? location.searchParams.get('state') ?? '';
    const address = `/production/provider-callback/${more.provider ?? 'forger'}?code=x&state=${state}`;
    return { address, step: await go(address) };
  }

  const isConsent = (url: string) => url.startsWith('http://localhost:4002/');

  it('leads to the provider with PKCE, state, nonce, acr and language, and back to the consent page', async () => {
    const go = browser();
    const { location } = await leave(go, 'plan', { ui_locales: 'es', max_age: '60' });
    expect(Object.fromEntries(location.searchParams)).toMatchObject({
      client_id: 'payer',
      redirect_uri: callback('plan'),
      code_challenge_method: 'S256',
      state: expect.any(String),
      nonce: expect.any(String),
      acr_values: 'urn:plan:two-factors',
      ui_locales: 'es',
      max_age: '60',
    });
    const step = await follow(go, location.href, isConsent);
    expect(step.location).toContain('http://localhost:4002/production/consent/begin?interaction=');
    const [audited] = await source.query(
      "SELECT sub, detail FROM audit_entry WHERE action = 'signed-in' ORDER BY at DESC LIMIT 1",
    );
    expect(audited).toEqual({ sub: await subOf('plan', 'member-of-alice'), detail: { provider: 'plan' } });
  });

  it('a person whom the roster does not know gets a kind page, and the app an error', async () => {
    upstream.account = 'mallory';
    const go = browser();
    const { location, signIn } = await leave(go, 'plan');
    const page = await follow(go, location.href, isConsent);
    expect(page.status).toBe(403);
    for (const text of ['Your plan is not covered here', 'Nothing was shared', '1-800-555-0100'])
      expect(page.text).toContain(text);
    const canceled = await go(`${signIn}/cancel`, { method: 'POST' });
    const back = new URL((await go(canceled.location)).location);
    expect(back.searchParams.get('error')).toBe('access_denied');
    // A subject of one provider is not a member of another provider.
    await roster('plan', [entry('alice')]);
    await roster('forger', []);
    const { step } = await comeBack(go);
    expect((await go(step.location)).text).toContain('Your plan is not covered here');
  });

  it('an honest answer of any provider signs in', async () => {
    const go = browser();
    const { step } = await comeBack(go);
    expect((await follow(go, step.location, isConsent)).location).toContain('/consent/begin');
  });

  it.each<[string, object]>([
    ['with another nonce', { claims: { nonce: 'another' } }],
    ['for another client', { claims: { aud: 'another' } }],
    ['of another issuer', { claims: { iss: 'https://evil.example' } }],
    ['that has expired', { claims: { exp: 1 } }],
    ['without a subject', { claims: { sub: undefined } }],
    ['signed by a stranger', { isSignedByStranger: true }],
    ['without a signature', { isUnsigned: true }],
  ])('an id_token %s signs nobody in', async (_what, change) => {
    const go = browser();
    Object.assign(forger, change);
    const { step } = await comeBack(go);
    expect([step.status, step.location]).toEqual([400, '']);
    expect(step.text).toContain('Nothing was shared');
  });

  it('an answer is good once, in the browser that left for it, at its own provider', async () => {
    const go = browser();
    const { address, step } = await comeBack(go);
    expect(step.status).toBe(303);
    // Replays the answer in the same browser, and in another one.
    expect((await go(address)).status).toBe(400);
    expect((await browser()(address)).status).toBe(400);
    // The ticket belongs to this interaction and is valid once.
    const thief = browser();
    await follow(thief, authorizationPath(), () => false);
    expect((await thief(step.location)).status).toBe(400);
    expect((await go(step.location)).status).toBe(303);
    for (const more of [{ state: 'another' }, { provider: 'plan' }, { provider: 'unknown' }])
      expect((await comeBack(browser(), more)).step.status).toBe(400);
  });

  it('no password opens an environment that has a provider, and the sandbox keeps its form', async () => {
    const go = browser();
    const { signIn } = await leave(go, 'plan');
    const body = new URLSearchParams({ username: 'member-of-alice', password: 'x' });
    const refused = await go(signIn, { method: 'POST', body });
    expect([refused.status, refused.location]).toEqual([403, '']);
    const sandbox = await follow(
      browser(),
      authorizationPath().replace('production', 'sandbox'),
      () => false,
    );
    expect(sandbox.text).toContain('type="password"');
    expect(sandbox.text).not.toContain('Plan Account');
  });

  it('a roster adds, updates and removes members, who keep their sub; a wrong one changes nothing', async () => {
    const names = ['a', 'b', 'c', 'd'].map((name) => entry(`roster-${name}`));
    expect(await roster('plan', names)).toMatchObject({ added: 4, updated: 0, unchanged: 0, removed: 1 });
    const kept = await subOf('plan', 'roster-a');
    const changed = [{ ...names[0], patient: 'moved' }, ...names.slice(1)];
    expect(await roster('plan', changed)).toMatchObject({ added: 0, updated: 1, unchanged: 3, removed: 0 });
    expect(await subOf('plan', 'roster-a')).toBe(kept);
    for (const [lines, problem] of [
      [[names[0]], /3 of 4 members are not in .*Nothing was changed/],
      [[...names, names[0]], /twice/],
      [[...names, '{"subject":'], /plan\.ndjson:5/],
      [[...names, { ...names[0], subject: 'x', password: 'secret' }], /plan\.ndjson:5/],
      [[...names, { subject: 'x', name: 'Jane Secret', patient: 'a b' }], /patient must be the id/],
      [[...names, { subject: 'x', name: 'Jane Secret' }], /needs a patient/],
      [[...names, entry('x', { represents: [{ patient: 'p', name: 'Jane Secret' }] })], /related_person/],
    ] as const) {
      const error = await roster('plan', [...lines], 0.1).catch((reason: Error) => reason);
      expect(error).toBeInstanceOf(Error);
      expect((error as Error).message).toMatch(problem);
      expect((error as Error).message).not.toMatch(/secret|Jane/);
      expect(await subOf('plan', 'roster-d')).toBeDefined();
      expect(await subOf('plan', 'x')).toBeUndefined();
    }
    expect(await roster('plan', names.slice(0, 3), 0.5)).toMatchObject({ removed: 1, updated: 1 });
    expect(await subOf('plan', 'roster-d')).toBeUndefined();
    expect(await subOf('forger', 'alice')).toBeDefined();
  });

  it('a roster gives and takes rights to act for others, and a right that is gone ends its grants', async () => {
    const right = (patient: string) => ({
      ...{ patient, name: 'Ida', related_person: `related-${patient}`, relationship: 'parent' },
    });
    const parent = (...patients: string[]) => [entry('parent', { represents: patients.map(right) })];
    await roster('plan', parent('ida', 'axel'));
    const sub = await subOf('plan', 'parent');
    const held = async () =>
      (await source.query('SELECT patient FROM representation WHERE sub = $1 ORDER BY 1', [sub])).map(
        (row: { patient: string }) => row.patient,
      );
    const grant = (id: string, patient: string, relatedPerson: string | undefined) =>
      source.query(
        `INSERT INTO oidc_artifact (environment, model, id_sha256, grant_id, payload, expires_at)
         VALUES ('production', 'Grant', $1, $1, $2, now() + interval '1 hour')`,
        [id, JSON.stringify({ accountId: sub, clientId: 'app', patient, relatedPerson })],
      );
    await grant('of-ida', 'ida', 'related-ida');
    await grant('of-axel', 'axel', 'related-axel');
    await grant('own', 'p-parent', undefined);
    const live = async () =>
      (await source.query("SELECT grant_id FROM oidc_artifact WHERE model = 'Grant' ORDER BY 1")).map(
        (row: { grant_id: string }) => row.grant_id,
      );
    expect(await roster('plan', parent('axel'))).toMatchObject({ grantsEnded: 1 });
    expect([await held(), await live()]).toEqual([['axel'], ['of-axel', 'own']]);
    // A wrong line takes nothing away.
    await expect(roster('plan', [...parent(), 'no JSON'])).rejects.toThrow();
    expect([await held(), await live()]).toEqual([['axel'], ['of-axel', 'own']]);
    expect(await roster('plan', [entry('somebody')])).toMatchObject({ removed: 1, grantsEnded: 2 });
    expect([await held(), await live()]).toEqual([[], []]);
  });
});

describe('MEMBER_PROVIDERS', () => {
  const rule = {
    id: 'plan',
    environment: 'production',
    name: 'Plan',
    issuer: 'http://idp.example',
    client_id: 'payer',
    client_secret: 'very-secret',
  };
  it.each<[string, unknown, RegExp]>([
    ['no JSON', undefined, /must be a JSON list/],
    ['an unknown environment', [{ ...rule, environment: 'staging' }], /0\.environment/],
    ['a misspelt field', [{ ...rule, clientid: 'x' }], /clientid/],
    ['an id for an address', [{ ...rule, id: '../x' }], /lower-case/],
    ['a provider twice', [rule, rule], /twice/],
    ['a plain issuer in production', [rule], /https/],
  ])('refuses %s, and never repeats a secret', (_what, value, problem) => {
    const text = value === undefined ? 'very-secret' : JSON.stringify(value);
    expect(() => parseMemberProviders(text, true)).toThrow(problem);
    expect(() => readConfig({ NODE_ENV: 'test', MEMBER_PROVIDERS: `${text}x` })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('very-secret') }),
    );
  });
});
