import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createServer, type Server } from 'node:http';
import { addToOutbox, createPublisher, localSigner, PostgresEventLog } from '@payer/events';
import {
  hashPassword,
  migrate,
  sha256,
  ServiceIdentity,
  SignInThrottle,
  type RunningService,
} from '@payer/service';
import {
  cloudEvent,
  consentDecisionType,
  signOutRequestType,
  type AppState,
  type CloudEvent,
  type EventData,
  type ServiceName,
} from '@payer/smart';
import { eventually, OwnersDouble, startTestPostgres, type TestPostgres } from '@payer/testing';
import { compactDecrypt, decodeJwt, exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { readConfig, type Config } from './config.js';
import { databaseOptions } from './database/database-options.js';
import { EventFreshness } from './event-freshness.js';
import { OidcAdapter } from './engine/oidc-adapter.js';
import { authServer } from './service.js';
import { appOf as app, redirectUri } from './testing/apps.js';
import { openBrowser } from './testing/browser.js';

const pageScope = 'openid fhirUser launch/patient patient/*.rs';
const fhirBase = 'http://localhost:4003/sandbox/interop/external/fhir';

describe('auth-server', () => {
  let postgres: TestPostgres;
  let service: RunningService;
  let config: Config;
  let source: DataSource;
  let consentKeys: Server;
  let decryptionKey: CryptoKey;
  let sign: (claims: Record<string, unknown>, typ: string) => Promise<string>;
  let tell: <T extends 'app-registered' | 'app-suspended' | 'grant-revoked'>(
    type: T,
    data: EventData<T>,
  ) => Promise<void>;
  let log: PostgresEventLog;
  const closing: (() => Promise<unknown>)[] = [];
  const owners = new OwnersDouble((owner, claims) =>
    ServiceIdentity.of(owner, { NODE_ENV: 'test' }).signAnswer(claims),
  );

  beforeAll(async () => {
    postgres = await startTestPostgres();
    await owners.start();
    const pair = await generateKeyPair('RS256', { extractable: true });
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'consent', alg: 'RS256', use: 'sig' };
    const encryption = await generateKeyPair('ECDH-ES', { crv: 'X25519' });
    decryptionKey = encryption.privateKey;
    const encryptionJwk = { ...(await exportJWK(encryption.publicKey)), kid: 'consent-enc', use: 'enc' };
    consentKeys = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ keys: [jwk, encryptionJwk] }));
    });
    await new Promise<void>((resolve) => consentKeys.listen(0, resolve));
    const { port } = consentKeys.address() as { port: number };
    sign = (claims, typ) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: 'consent', typ })
        .setIssuer('http://localhost:4002/sandbox/')
        .setAudience('http://localhost:4000/sandbox')
        .setJti(randomUUID())
        .setIssuedAt()
        .setExpirationTime('2m')
        .sign(pair.privateKey);
    config = readConfig({
      NODE_ENV: 'test',
      PORT: '0',
      LOG_LEVEL: 'silent',
      DATABASE_URL: await postgres.database('auth_server'),
      EVENTS_DATABASE_URL: await postgres.database('events'),
      CONSENT_JWKS_URL: `http://localhost:${port}/jwks`,
      ...owners.variables,
      REVOCATION_MAX_STALENESS: '2',
    });
    await migrate(databaseOptions(config.DATABASE_URL));
    service = await authServer.start(config);
    source = await new DataSource({ type: 'postgres', url: config.DATABASE_URL }).initialize();
    const publisher = await createPublisher(config, localSigner);
    log = new PostgresEventLog(config.EVENTS_DATABASE_URL);
    closing.push(
      () => source.destroy(),
      async () => publisher.close(),
      () => log.close(),
    );
    tell = (type, data) =>
      publisher.publishEvents([cloudEvent(type, data, { id: randomUUID(), time: new Date() })]);
    for (const [username, sub] of [
      ['member', 'sub-1'],
      ['other', 'sub-2'],
    ])
      await source.query("INSERT INTO member VALUES ('sandbox', $1, $2, $3, $4, 'Maria Lindqvist')", [
        sub,
        username,
        await hashPassword('password'),
        `patient-of-${sub}`,
      ]);
  }, 60_000);

  afterAll(async () => {
    for (const close of closing) await close();
    await service.close();
    await owners.stop();
    consentKeys.close();
    await postgres.stop();
  });

  const register = async (state: AppState): Promise<AppState> => {
    await tell('app-registered', state);
    return state;
  };

  const basic = ({ client_id }: AppState, secret = 'secret') =>
    `Basic ${Buffer.from(`${client_id}:${secret}`).toString('base64')}`;

  async function post(path: string, authorization: string | undefined, parameters: Record<string, string>) {
    const response = await fetch(`${service.url}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(authorization ? { authorization } : {}),
      },
      body: new URLSearchParams(parameters),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: JSON.parse(text || '{}') as Record<string, string> & { expires_in?: number; active?: boolean },
    };
  }
  const token = (state: AppState, parameters: Record<string, string>, secret?: string) =>
    post('/sandbox/token', basic(state, secret), parameters);

  const browser = () => openBrowser(service.url);

  const authorizePath = (state: AppState, more: Record<string, string | undefined> = {}) => {
    const parameters: Record<string, string | undefined> = {
      response_type: 'code',
      client_id: state.client_id,
      redirect_uri: redirectUri,
      scope: pageScope,
      ...more,
    };
    const given = Object.entries(parameters).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    return `/sandbox/authorize?${new URLSearchParams(given)}`;
  };

  const browserHash = 'b'.repeat(43);

  /**
   * Sends the browser from `consent/begin` back with its hash, as consent does.
   * @returns the URL at consent
   */
  async function consentAddress(go: ReturnType<typeof browser>, begin: string): Promise<string> {
    const url = new URL(begin);
    expect(url.origin + url.pathname).toBe('http://localhost:4002/sandbox/consent/begin');
    const interaction = url.searchParams.get('interaction');
    return (await go(`/sandbox/interaction/${interaction}/consent?browser=${browserHash}`)).location;
  }

  /** The consent request in a URL at consent. */
  async function requestOf(address: string): Promise<Record<string, string>> {
    const jwe = new URL(address).searchParams.get('request') ?? '';
    const { plaintext } = await compactDecrypt(jwe, decryptionKey);
    return decodeJwt(Buffer.from(plaintext).toString());
  }

  /** Signs in and decides. @returns the redirect to the app, the consent request, and the decision's URL */
  async function authorize(
    state: AppState,
    more: Record<string, string | undefined> = {},
    decision: Record<string, unknown> = {},
    go = browser(),
  ) {
    let step = await go(authorizePath(state, more));
    expect(step.status).toBe(303);
    const signIn = step.location;
    expect((await go(signIn)).text).toContain('Health App');
    step = await go(signIn, {
      method: 'POST',
      body: new URLSearchParams({ username: 'member', password: 'password' }),
    });
    step = await go(step.location);
    step = await go(step.location);
    const request = await requestOf(await consentAddress(go, step.location));
    const grant_id = randomUUID();
    const claims = {
      interaction: request.interaction,
      sub: request.sub,
      client_id: request.client_id,
      decision: 'allow',
      grant_id,
      scope: pageScope,
      grant_expires_at: Math.floor(Date.now() / 1000) + 3600,
      ...decision,
    };
    const answer = await sign(claims, consentDecisionType);
    const back = `${request.return_to}?decision=${answer}`;
    step = await go(back);
    if (step.status !== 303) return { go, back, request, grant_id, refused: step, redirect: undefined };
    step = await go(step.location);
    return { go, back, request, grant_id, refused: undefined, redirect: new URL(step.location) };
  }

  /** The way to a decision. Each answer of the engine is lost once, as when a member clicks twice. */
  async function authorizeByDoubleClicks(state: AppState, decision: 'allow' | 'deny') {
    const go = browser();
    const signIn = (await go(authorizePath(state))).location;
    const press = (isLost: boolean) =>
      go(signIn, {
        method: 'POST',
        body: new URLSearchParams({ username: 'member', password: 'password' }),
        isLost,
      });
    await go((await press(true)).location, { isLost: true });
    const begin = (await go((await go((await press(false)).location)).location)).location;
    const request = await requestOf(await consentAddress(go, begin));
    const { interaction, sub, client_id } = request;
    const grant_id = randomUUID();
    const grant_expires_at = Math.floor(Date.now() / 1000) + 3600;
    const answer = await sign(
      { interaction, sub, client_id, decision, grant_id, scope: pageScope, grant_expires_at },
      consentDecisionType,
    );
    const back = `${request.return_to}?decision=${answer}`;
    const follow = async (isLost: boolean) =>
      new URL((await go((await go(back, { isLost })).location, { isLost })).location, service.url);
    return { go, signIn, back, follow, grant_id };
  }

  async function connect(state: AppState) {
    const { redirect, grant_id } = await authorize(state);
    const code = redirect?.searchParams.get('code') ?? '';
    const answer = await token(state, { grant_type: 'authorization_code', code, redirect_uri: redirectUri });
    expect(answer.status).toBe(200);
    return { ...answer.body, grant_id } as unknown as Record<string, string>;
  }

  const told = async (type: string) =>
    (await log.read(log.pool, 0n, [type], 1000)).rows.map((row) => (row.event as CloudEvent).data);

  it('signs a member in, asks consent by a signed request, and gives the tokens of the page', async () => {
    const state = await register(app('patient-access'));
    const { request, redirect, grant_id } = await authorize(state, { state: 'abc', aud: `${fhirBase}/` });
    expect(request).toMatchObject({
      iss: 'http://localhost:4000/sandbox',
      aud: 'http://localhost:4002/sandbox/',
      member_name: 'Maria Lindqvist',
      patient: 'patient-of-sub-1',
      client_name: 'Health App',
      scope: pageScope,
    });
    expect(redirect?.searchParams.get('state')).toBe('abc');
    const { status, headers, body } = await token(state, {
      grant_type: 'authorization_code',
      code: redirect?.searchParams.get('code') ?? '',
      redirect_uri: redirectUri,
    });
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('pragma')).toBe('no-cache');
    expect(body).toMatchObject({
      expires_in: 3599,
      patient: 'patient-of-sub-1',
      refresh_token: expect.any(String),
    });
    expect(body.scope?.split(' ').sort()).toEqual(pageScope.split(' ').sort());
    const claims = decodeJwt(body.access_token ?? '');
    expect(claims).toMatchObject({
      aud: fhirBase,
      iss: 'http://localhost:4000/sandbox',
      sub: 'sub-1',
      patient: 'patient-of-sub-1',
      fhirUser: `${fhirBase}/Patient/patient-of-sub-1`,
      grant_id,
      client_id: state.client_id,
    });
    expect(decodeJwt(body.id_token ?? '')).toMatchObject({
      aud: state.client_id,
      fhirUser: `${fhirBase}/Patient/patient-of-sub-1`,
    });
    const raw = JSON.stringify(await source.query('SELECT * FROM oidc_artifact'));
    expect(raw).not.toContain(body.refresh_token);
  });

  it('a decision is good for its own interaction and browser, and only when consent signed it', async () => {
    const state = await register(app('patient-access'));
    const foreign = await authorize(state, {}, { interaction: 'another' });
    expect(foreign.refused?.text).toContain('Nothing was shared');
    const other = await authorize(state, {}, { sub: 'sub-2' });
    expect(other.refused?.status).toBe(400);
    const good = await authorize(state);
    expect(good.redirect?.searchParams.get('code')).toBeTruthy();
    // In the same browser this is the second press of the button. In another browser it is invalid.
    expect((await good.go(good.back)).location).toBe(`/sandbox/authorize/${good.request?.interaction}`);
    expect((await browser()(good.back)).status).toBe(400);
    const denied = await authorize(state, {}, { decision: 'deny' });
    expect(denied.redirect?.searchParams.get('error')).toBe('access_denied');
    expect(denied.redirect?.searchParams.get('error_uri')).toMatch(/\/docs\/errors\/access_denied$/);
  });

  it('a suspended app can end what it has: tokens that it gave back stay dead after its reinstatement', async () => {
    const state = await register(app('patient-access'));
    const [kept, given] = [await connect(state), await connect(state)];
    const suspended = { ...state, version: 2, status: 'suspended' as const, environments: [] };
    await tell('app-suspended', { ...suspended, tokens_valid_from: new Date(0).toISOString() });
    const refresh = async ({ refresh_token = '' }: Record<string, string>) =>
      (await token(state, { grant_type: 'refresh_token', refresh_token })).body;
    await eventually(async () => (await refresh({ refresh_token: 'none' })).error === 'unauthorized_client');
    for (const value of [given.refresh_token!, kept.access_token!])
      expect((await post('/sandbox/revoke', basic(state), { token: value })).status).toBe(200);
    await tell('app-registered', { ...state, version: 3 });
    await eventually(async () => (await refresh({ refresh_token: 'none' })).error === 'invalid_grant');
    expect((await refresh(kept)).access_token).toBeTruthy();
    expect(await refresh(given)).toMatchObject({ error: 'invalid_grant' });
    const active = async ({ access_token = '' }: Record<string, string>) =>
      (await post('/sandbox/introspect', basic(state), { token: access_token })).body.active;
    expect([await active(kept), await active(given)]).toEqual([false, false]);
  });

  it.each(['suspended', 'deleted'] as const)(
    'no member is asked for an app that was %s meanwhile, and no yes gives it a code',
    async (status) => {
      const state = await register(app('patient-access'));
      let decide: (() => Promise<{ location: string }>) | undefined;
      const go = browser();
      const held: typeof go = async (url, init) => {
        if (!url.includes('/decision?')) return go(url, init);
        decide = () => go(url, init);
        return { status: 0, location: '', text: '' };
      };
      await authorize(state, {}, {}, held);
      const asking = browser();
      const signIn = (await asking(authorizePath(state))).location;
      const credentials = new URLSearchParams({ username: 'member', password: 'password' });
      let step = await asking(signIn, { method: 'POST', body: credentials });
      step = await asking(step.location);
      step = await asking(step.location);
      await tell('app-suspended', { ...state, version: 2, status, environments: [] });
      await eventually(async () => {
        const { body } = await token(state, { grant_type: 'refresh_token', refresh_token: 'x' });
        return body.error === 'unauthorized_client' || body.error === 'invalid_client';
      });
      const ends = [await consentAddress(asking, step.location), (await decide!()).location];
      for (const [at, location] of ends.entries()) {
        const { status: code, location: to } = await (at === 0 ? asking : go)(location);
        expect(to).not.toContain('code=');
        // The engine does not know a deleted app, and answers with a page.
        if (status === 'deleted') expect(code).toBe(400);
        else expect(new URL(to).searchParams.get('error')).toBe('unauthorized_client');
      }
    },
  );

  it('request and decision belong to the browser of the interaction, and no address names the member', async () => {
    const state = await register(app('patient-access'));
    const { go, back } = await authorize(state);
    const next = await go((await go(authorizePath(state))).location);
    const interaction = new URL(next.location).searchParams.get('interaction');
    const path = `/sandbox/interaction/${interaction}/consent?browser=${browserHash}`;
    for (const [stranger, address] of [
      [browser(), path],
      [browser(), back],
      [(await authorize(state)).go, path],
      [(await authorize(state)).go, back],
      [go, path.replace(/browser=.*/, 'browser=x')],
      [go, path.replace(/\?.*/, '')],
    ] as const) {
      const refused = await stranger(address);
      expect(refused.status).toBe(400);
      expect(refused.location + refused.text).not.toMatch(/request=|code=|Maria/);
    }
    const address = await consentAddress(go, next.location);
    expect((await requestOf(address)).browser).toBe(browserHash);
    const readable = address.split(/[.=&?/]/).map((part) => Buffer.from(part, 'base64url').toString());
    expect([address, ...readable].join(' ')).not.toMatch(/Maria|patient-of|sub-1/);
  });

  it('signs its public keys for a service that asks, and shows them to anybody', async () => {
    const url = `${service.url}/sandbox/jwks`;
    const signed = await ServiceIdentity.of('fhir-api', config).call('auth-server', url);
    const plain = await fetch(url);
    expect(await signed.json()).toEqual(await plain.json());
    expect(plain.headers.has('answer-signature')).toBe(false);
  });

  it('tells consent which of its decisions have arrived, and nobody else', async () => {
    const state = await register(app('patient-access'));
    const { grant_id } = await authorize(state);
    const denied = await authorize(state, {}, { decision: 'deny' });
    const ask = async (environment: string, caller: ServiceName = 'consent') => {
      const response = await fetch(`${service.url}/${environment}/internal/grants/redeemed`, {
        method: 'POST',
        headers: {
          authorization: await ServiceIdentity.of(caller, config).authorizationFor('auth-server'),
          'content-type': 'application/json',
        },
        body: JSON.stringify({ grant_ids: [grant_id, denied.grant_id, randomUUID()] }),
      });
      return { status: response.status, body: await response.json() };
    };
    expect(await ask('sandbox')).toEqual({ status: 200, body: { redeemed: [grant_id] } });
    expect(await ask('production')).toEqual({ status: 200, body: { redeemed: [] } });
    expect((await ask('sandbox', 'fhir-api')).status).toBe(403);
  });

  it('asks again at every authorization, though the member is still signed in', async () => {
    const state = await register(app('patient-access'));
    const { go } = await authorize(state);
    const again = await go(authorizePath(state));
    const next = await go(again.location);
    expect(await consentAddress(go, next.location)).toContain(
      'http://localhost:4002/sandbox/consent?request=',
    );
  });

  it('wrong passwords get a page that does not say which was wrong, and then a pause', async () => {
    const state = await register(app('patient-access'));
    const go = browser();
    const { location } = await go(authorizePath(state));
    const attempt = (username: string) =>
      go(location, { method: 'POST', body: new URLSearchParams({ username, password: 'wrong' }) });
    const known = await attempt('other');
    const unknown = await attempt('nobody');
    expect(known.status).toBe(401);
    const withoutNames = (text: string) => text.replace(/other|nobody/g, 'X');
    expect(withoutNames(known.text)).toBe(withoutNames(unknown.text));
    const guesses = await Promise.all(Array.from({ length: 119 }, () => attempt('other')));
    // One of the eight attempts was used above.
    expect(guesses.filter(({ status }) => status === 401)).toHaveLength(7);
    const body = new URLSearchParams({ username: 'other', password: 'password' });
    const paused = await go(location, { method: 'POST', body });
    expect(paused.status).toBe(429);
    expect(paused.text).toContain('There were too many tries');
    const entries = (await source.query(
      'SELECT action, count(*)::integer AS count FROM audit_entry WHERE client_id = $1 GROUP BY action',
      [state.client_id],
    )) as { action: string; count: number }[];
    expect(entries).toContainEqual({ action: 'sign-in-throttled', count: 113 });
    await source.query('DELETE FROM attempt');
  });

  it('strangers who guess a name do not lock its owner out where the owner has signed in before', async () => {
    const state = await register(app('patient-access'));
    const own = (await authorize(state)).go;
    const stranger = (address: string) => ({ realm: 'member sandbox', name: 'Member', address });
    const throttle = new SignInThrottle(source);
    const wrong = () => Promise.resolve(undefined);
    for (let n = 0; n < 100; n++) await throttle.judge(stranger(`10.0.0.${n}`), wrong);
    // A stranger behind the owner's address.
    for (const address of ['127.0.0.1', '::1'])
      for (let n = 0; n < 8; n++) await throttle.judge(stranger(address), wrong);
    const signIn = async (go: ReturnType<typeof browser>) => {
      const { location } = await go(authorizePath(state, { prompt: 'login' }));
      const body = new URLSearchParams({ username: 'member', password: 'password' });
      return (await go(location, { method: 'POST', body })).status;
    };
    expect(await signIn(own)).toBe(303);
    expect(await signIn(browser())).toBe(429);
    await source.query('DELETE FROM attempt');
  });

  it('somebody else can sign in in the same browser, from the sign-in page and from the consent screen', async () => {
    const state = await register(app('patient-access'));
    const { go, request } = await authorize(state);
    expect(request.sub).toBe('sub-1');
    const asked = await go(authorizePath(state));
    const consent = await go(asked.location);
    const again = await requestOf(await consentAddress(go, consent.location));
    const url = again.sign_in_url ?? '';
    expect((await go(url)).text).toContain('name="password"');
    let step = await go(url, {
      method: 'POST',
      body: new URLSearchParams({ username: 'other', password: 'password' }),
    });
    for (let n = 0; n < 3 && !step.location.includes('/consent/'); n++) step = await go(step.location);
    const taken = await requestOf(await consentAddress(go, step.location));
    expect(taken).toMatchObject({ sub: 'sub-2', patient: 'patient-of-sub-2' });
  });

  it('signing out at consent ends the session here, and nobody else can end it', async () => {
    const state = await register(app('patient-access'));
    const { go } = await authorize(state);
    const needsPassword = async () => (await go(authorizePath(state, { prompt: 'none' }))).location;
    const signOut = async (sub: string, typ = signOutRequestType) =>
      go(`/sandbox/sign-out?request=${await sign({ sub }, typ)}`);
    for (const refused of [await signOut('sub-2'), await signOut('sub-1', consentDecisionType)]) {
      expect(refused.location).toBe('http://localhost:4002/sandbox/signed-out');
      expect(await needsPassword()).toContain('error=consent_required');
    }
    await signOut('sub-1');
    expect(await needsPassword()).toContain('error=login_required');
  });

  it('a button that is pressed twice leads where one press leads, and the app gets a code that works', async () => {
    const state = await register(app('patient-access'));
    const { go, back, follow } = await authorizeByDoubleClicks(state, 'allow');
    const codeOf = (url: URL) => url.searchParams.get('code') ?? '';
    const exchange = (code: string) =>
      token(state, { grant_type: 'authorization_code', code, redirect_uri: redirectUri });
    const first = await follow(true);
    // The app may have redeemed the first code. The second code must not count as reuse, which revokes the
    // grant.
    const tokens = await exchange(codeOf(first));
    expect(tokens.status).toBe(200);
    const again = await Promise.all([follow(true), follow(true), follow(false), follow(false)]);
    for (const url of again) expect(url.origin + url.pathname).toBe(redirectUri);
    expect(new Set([first, ...again].map(codeOf)).size).toBe(5);
    for (const url of again) expect((await exchange(codeOf(url))).status).toBe(200);
    const refresh_token = tokens.body.refresh_token ?? '';
    expect((await token(state, { grant_type: 'refresh_token', refresh_token })).status).toBe(200);
    // Another browser gets nothing at the same URLs.
    const { interaction } = decodeJwt(new URL(back).searchParams.get('decision') ?? '');
    for (const address of [back, `/sandbox/authorize/${interaction}`]) {
      const elsewhere = await browser()(address);
      expect(elsewhere.status).toBe(400);
      expect(elsewhere.location).toBe('');
    }
    // Reuse of a code still counts as reuse.
    expect((await exchange(codeOf(first))).status).toBe(400);
    expect((await follow(false)).pathname).toContain('/interaction/');
    expect((await go(back)).status).toBe(303);
  });

  it('a no that is pressed twice is a no', async () => {
    const state = await register(app('patient-access'));
    const { follow } = await authorizeByDoubleClicks(state, 'deny');
    for (const isLost of [true, true, false, false])
      expect((await follow(isLost)).searchParams.get('error')).toBe('access_denied');
  });

  it('the back button says whether the member has answered, and where to go on', async () => {
    const state = await register(app('patient-access'));
    const { go, signIn, back, follow } = await authorizeByDoubleClicks(state, 'allow');
    // The engine's cookie belongs to the path of its interaction, but this browser ignores paths.
    const uidOf = (address: string) => /interaction\/([\w-]+)/.exec(address)?.[1] ?? '';
    const before = await go(`/sandbox/interaction/${uidOf(back)}/sign-in`);
    expect(before.text).toContain('Sign in');
    await follow(false);
    const after = await go(`/sandbox/interaction/${uidOf(back)}`);
    expect([after.status, after.text]).toEqual([200, expect.stringContaining('You have finished this step')]);
    const elsewhere = await browser()(signIn);
    expect([elsewhere.status, elsewhere.text]).toEqual([
      400,
      expect.stringContaining('This page has expired'),
    ]);
    expect(elsewhere.text).not.toContain('answered');
  });

  it('a member who goes back to the sign-in page before answering can go on', async () => {
    const state = await register(app('patient-access'));
    const go = browser();
    const signIn = (await go(authorizePath(state))).location;
    const step = await go(signIn, {
      method: 'POST',
      body: new URLSearchParams({ username: 'member', password: 'password' }),
    });
    const next = await go(step.location, { isLost: true });
    const page = await go(signIn);
    expect([page.status, page.text]).toEqual([200, expect.stringContaining('You have not answered yet')]);
    expect(page.text).toContain(`href="${next.location}"`);
    expect((await go(next.location)).status).not.toBe(500);
  });

  it('the sandbox offers its test members to click, and production knows no such way', async () => {
    const state = await register(app('patient-access', { environments: ['sandbox', 'production'] }));
    const press = async (environment: string, test_member: string) => {
      const go = browser();
      const signIn = (await go(authorizePath(state).replace('sandbox', environment))).location;
      const page = (await go(signIn)).text;
      const body = new URLSearchParams({ test_member });
      return { go, page, step: await go(`${signIn}/test-member`, { method: 'POST', body }) };
    };
    await source.query(
      `UPDATE member SET exercises = '{18 claims,a former name}' WHERE environment = 'sandbox'`,
    );
    const { go, page, step } = await press('sandbox', 'member');
    expect(page).toMatch(/name="username".*name="test_member" value="member"/s);
    expect(page).toContain('18 claims · a former name');
    const next = await go(step.location);
    expect((await go(next.location)).location).toContain('/sandbox/consent/begin');
    expect((await press('sandbox', 'nobody')).step.status).toBe(403);
    await source.query(
      `INSERT INTO member (environment, sub, username, password_hash, patient, name)
       VALUES ('production', 'real', 'real', 'x', 'real', 'Real Person') ON CONFLICT DO NOTHING`,
    );
    const real = await press('production', 'real');
    expect([real.step.status, real.step.location]).toEqual([403, '']);
    expect(real.page).not.toMatch(/test_member|Real Person/);
  });

  it('a member can cancel at the sign-in: the app gets access_denied', async () => {
    const state = await register(app('patient-access'));
    const go = browser();
    const signIn = (await go(authorizePath(state, { state: 'kept' }))).location;
    expect((await go(signIn)).text).toContain(`action="${signIn}/cancel"`);
    const step = await go(`${signIn}/cancel`, { method: 'POST' });
    const { searchParams } = new URL((await go(step.location)).location);
    expect([searchParams.get('error'), searchParams.get('state')]).toEqual(['access_denied', 'kept']);
  });

  it('the pages speak the language of the switch, else of ui_locales, else of the browser', async () => {
    const state = await register(app('patient-access'));
    const titleOf = (text: string) => /<h1>(.*?)<\/h1>/.exec(text)?.[1];
    const go = browser();
    const signIn = (await go(authorizePath(state, { ui_locales: 'fr es-MX' }))).location;
    expect(titleOf((await go(signIn)).text)).toBe('Iniciar sesión');
    const switched = await go(`${signIn}?lang=en`);
    expect([switched.status, switched.location]).toEqual([303, signIn]);
    expect(titleOf((await go(signIn)).text)).toBe('Sign in');
    const spanish = { headers: { 'accept-language': 'es-419,es;q=0.9' } };
    const other = browser();
    const asked = (await other(authorizePath(state))).location;
    expect(titleOf((await other(asked, spanish)).text)).toBe('Iniciar sesión');
    expect((await other(asked, spanish)).text).toContain('<html lang="es">');
    for (const [path, title] of [
      [authorizePath(state, { redirect_uri: `${redirectUri}/` }), 'No se pudo conectar esta aplicación'],
      ['/sandbox/nowhere', 'Esta página no existe'],
      ['/sandbox/interaction/nowhere', 'Esta página caducó'],
    ] as const)
      expect(titleOf((await browser()(path, spanish)).text)).toBe(title);
    // A path that begins with two slashes would lead to another host.
    const open = await fetch(`${service.url}//evil.example/sandbox/interaction/x?lang=es`, {
      redirect: 'manual',
    });
    expect(open.headers.get('location') ?? '').not.toContain('//evil.example');
  });

  it('POST to the authorization endpoint is answered with the same GET, what is no form with a page', async () => {
    const state = await register(app('patient-access'));
    const [, query = ''] = authorizePath(state, { state: 'a' }).split('?');
    const go = browser();
    const send = (body: URLSearchParams | string, type?: string) =>
      go('/sandbox/authorize', {
        method: 'POST',
        body,
        ...(type ? { headers: { 'content-type': type } } : {}),
      });
    const step = await send(new URLSearchParams(query));
    expect(step.status).toBe(303);
    expect(new URL(step.location).searchParams.get('client_id')).toBe(state.client_id);
    const twice = await send(new URLSearchParams(`${query}&state=b`));
    expect(new URL((await go(twice.location)).location).searchParams.get('error')).toBe('invalid_request');
    for (const refused of [
      await send('{}', 'application/json'),
      await send(new URLSearchParams(`${query}&nonce=${'n'.repeat(20_000)}`)),
      await go(`${authorizePath(state)}&nonce=%00`),
    ]) {
      expect(refused.status).toBe(400);
      expect(refused.text).toContain('Nothing was shared');
    }
  });

  it('endpoints tell which methods they take, and bytes that no name holds are no fault of ours', async () => {
    for (const [method, path, allow] of [
      ['GET', 'token', 'POST, OPTIONS'],
      ['GET', 'introspect', 'POST'],
      ['PUT', 'revoke', 'POST'],
      ['PUT', 'authorize', 'GET, HEAD, POST'],
    ] as const) {
      const answer = await fetch(`${service.url}/sandbox/${path}`, { method });
      expect([path, answer.status, answer.headers.get('allow')]).toEqual([path, 405, allow]);
    }
    const odd = `Basic ${Buffer.from('a\0b:secret').toString('base64')}`;
    for (const path of ['token', 'introspect', 'revoke'])
      for (const authorization of [odd, 'Basic ?', 'Bearer x']) {
        const { status, headers, body } = await post(`/sandbox/${path}`, authorization, { token: 'x' });
        expect([path, status, body.error]).toEqual([path, 401, 'invalid_client']);
        expect(headers.get('www-authenticate')).toMatch(/^Basic /);
        expect(headers.get('cache-control')).toBe('no-store');
      }
  });

  it('a refused code or refresh token says why, and a wrong scope does not cost the app its refresh token', async () => {
    const state = await register(app('patient-access'));
    const { redirect } = await authorize(state);
    const code = redirect?.searchParams.get('code') ?? '';
    const exchange = (more: Record<string, string>) =>
      token(state, { grant_type: 'authorization_code', code, redirect_uri: redirectUri, ...more });
    for (const [more, why] of [
      [{ redirect_uri: `${redirectUri}/` }, /character for character/],
      [{ code_verifier: 'v'.repeat(43) }, /no code_challenge/],
      [{ code: 'unknown' }, /unknown/],
    ] as const)
      expect((await exchange(more)).body).toMatchObject({
        error: 'invalid_grant',
        error_description: expect.stringMatching(why),
      });
    const { refresh_token = '' } = (await exchange({})).body;
    const refresh = (scope: string) => token(state, { grant_type: 'refresh_token', refresh_token, scope });
    for (const scope of ['openid', `${pageScope} system/*.rs`])
      expect((await refresh(scope)).body).toMatchObject({
        error: 'invalid_scope',
        error_description: expect.stringContaining(pageScope),
      });
    expect((await refresh(pageScope)).status).toBe(200);
  });

  it('a suspension ends access tokens; what the member granted works again when the app is reinstated', async () => {
    const state = await register(app('patient-access'));
    const tokens = await connect(state);
    const active = async (value = '') =>
      (await post('/sandbox/introspect', basic(state), { token: value })).body.active;
    const refresh = () =>
      token(state, { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' });
    const tokens_valid_from = new Date(Date.now() + 1000).toISOString();
    await tell('app-suspended', {
      ...state,
      version: 2,
      status: 'suspended',
      environments: [],
      tokens_valid_from,
    });
    await eventually(async () => (await active(tokens.refresh_token)) === false);
    expect((await refresh()).body.error).toBe('unauthorized_client');
    await tell('app-registered', { ...state, version: 3, tokens_valid_from });
    await eventually(async () => (await active(tokens.refresh_token)) === true);
    expect(await active(tokens.access_token)).toBe(false);
    expect((await refresh()).status).toBe(200);
  });

  it('client credentials give exactly system/*.rs, in plain and percent-encoded Basic authentication', async () => {
    const state = await register(app('provider-directory'));
    for (const authorization of [
      basic(state),
      `Basic ${Buffer.from(`${[...state.client_id].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('')}:secret`).toString('base64')}`,
    ]) {
      const { status, body } = await post('/sandbox/token', authorization, {
        grant_type: 'client_credentials',
        scope: 'openid fhirUser system/*.rs',
      });
      expect(status).toBe(200);
      expect(body).toMatchObject({ scope: 'system/*.rs', expires_in: 3599 });
      expect(body).not.toHaveProperty('patient');
      expect(body).not.toHaveProperty('id_token');
      const claims = decodeJwt(body.access_token ?? '');
      expect(claims).toMatchObject({ aud: fhirBase, client_id: state.client_id, scope: 'system/*.rs' });
      expect(claims).not.toHaveProperty('patient');
      expect(claims).not.toHaveProperty('grant_id');
    }
    const post_ = await post('/sandbox/token', undefined, {
      grant_type: 'client_credentials',
      scope: 'system/*.rs',
      client_id: state.client_id,
      client_secret: 'secret',
    });
    expect(post_.status).toBe(401);
  });

  it.each([
    ['no plan', app(null), 'client_credentials', 'subscribe'],
    ['the other plan', app('patient-access'), 'client_credentials', 'Provider Directory API'],
    [
      'a suspended app',
      app('provider-directory', { status: 'suspended', environments: [] }),
      'client_credentials',
      'suspended',
    ],
    ['an unapproved app', app('provider-directory', { environments: [] }), 'client_credentials', 'portal'],
    ['the other plan', app('provider-directory'), 'refresh_token', 'Patient Access API'],
  ])('%s is unauthorized_client, and the text says what to do', async (_case, state, grant_type, named) => {
    await register(state);
    const answer = await token(state, { grant_type, scope: 'system/*.rs', refresh_token: 'x' });
    expect(answer).toMatchObject({ status: 400, body: { error: 'unauthorized_client' } });
    expect(answer.body.error_description).toContain(named);
  });

  it('an app that is registered while a request for it is on its way is known', async () => {
    const state = app('provider-directory');
    const [answer] = await Promise.all([
      register(state).then(() => token(state, { grant_type: 'client_credentials', scope: 'system/*.rs' })),
    ]);
    expect(answer.status).toBe(200);
  });

  it('a rotated secret works until its grace ends, and no other', async () => {
    const secrets = [
      { sha256: sha256('new'), expires_at: null },
      { sha256: sha256('old'), expires_at: new Date(Date.now() + 60_000).toISOString() },
      { sha256: sha256('gone'), expires_at: new Date(Date.now() - 1000).toISOString() },
    ];
    const state = await register(app('provider-directory', { secrets }));
    const ask = async (secret: string) =>
      (await token(state, { grant_type: 'client_credentials', scope: 'system/*.rs' }, secret)).status;
    expect([await ask('new'), await ask('old'), await ask('gone'), await ask('secret')]).toEqual([
      200, 200, 401, 401,
    ]);
  });

  it("the portal's redirect URI and secret of an app hold in the sandbox, and never in production", async () => {
    const portal_access = {
      redirect_uri: 'https://portal.example/try-it/callback',
      secret_sha256: sha256('portal'),
    };
    const environments = ['sandbox' as const, 'production' as const];
    const directory = await register(app('provider-directory', { portal_access, environments }));
    const parameters = { grant_type: 'client_credentials', scope: 'system/*.rs' };
    const ask = async (environment: string, secret: string) =>
      (await post(`/${environment}/token`, basic(directory, secret), parameters)).status;
    expect([await ask('sandbox', 'portal'), await ask('production', 'portal')]).toEqual([200, 401]);
    expect([await ask('sandbox', 'secret'), await ask('production', 'secret')]).toEqual([200, 200]);
    for (const endpoint of ['introspect', 'revoke']) {
      const answer = await post(`/production/${endpoint}`, basic(directory, 'portal'), { token: 'x' });
      expect([endpoint, answer.status]).toEqual([endpoint, 401]);
    }

    const state = await register(app('patient-access', { portal_access, environments }));
    const path = authorizePath(state, { redirect_uri: portal_access.redirect_uri });
    const inSandbox = await browser()(path);
    expect([inSandbox.status, inSandbox.location]).toEqual([303, expect.stringContaining('/interaction/')]);
    const inProduction = await browser()(path.replace('/sandbox/', '/production/'));
    expect([inProduction.status, inProduction.location]).toEqual([400, '']);
    expect(inProduction.text).toContain('Nothing was shared');
    // An app without a redirect URI has no flow with a redirect.
    const without = await register(app('provider-directory', { portal_access, redirect_uris: [] }));
    const refused = await browser()(authorizePath(without, { redirect_uri: portal_access.redirect_uri }));
    expect([refused.status, refused.location]).toEqual([400, '']);
  });

  it("an app's token requests and the member's answers reach its developer, wrong secrets included", async () => {
    const state = await register(app('patient-access'));
    await authorize(state, {}, { decision: 'deny' });
    await connect(state);
    await token(state, { grant_type: 'authorization_code', code: 'x', redirect_uri: redirectUri });
    await token(state, { grant_type: 'refresh_token', refresh_token: 'x' }, 'wrong');
    await token({ ...state, client_id: 'nobody' }, { grant_type: 'refresh_token', refresh_token: 'x' });
    const batches = await eventually(async () => {
      const all = (await told('requests-recorded')) as EventData<'requests-recorded'>[];
      const mine = all.filter(({ client_id }) => client_id === state.client_id);
      return mine.flatMap(({ requests }) => requests).length === 5 && all;
    });
    const requests = batches
      .filter(({ client_id }) => client_id === state.client_id)
      .flatMap(({ requests }) => requests);
    expect(requests.map(({ kind, error, status }) => `${kind} ${status} ${error}`).sort()).toEqual([
      'authorization 303 access_denied',
      'authorization 303 null',
      'token 200 null',
      'token 400 invalid_grant',
      'token 401 invalid_client',
    ]);
    expect(requests.find(({ error }) => error === 'invalid_grant')?.detail).toContain('start again');
    expect(batches.some(({ client_id }) => client_id === 'nobody')).toBe(false);
    expect(JSON.stringify(batches)).not.toMatch(/Lindqvist|patient-of|Bearer/);
  });

  it('reuse of a code ends what it gave, and everybody is told', async () => {
    const state = await register(app('patient-access'));
    const { redirect, grant_id } = await authorize(state);
    const exchange = () =>
      token(state, {
        grant_type: 'authorization_code',
        code: redirect?.searchParams.get('code') ?? '',
        redirect_uri: redirectUri,
      });
    const first = await exchange();
    expect((await exchange()).body).toMatchObject({ error: 'invalid_grant' });
    const refreshed = await token(state, {
      grant_type: 'refresh_token',
      refresh_token: first.body.refresh_token ?? '',
    });
    expect(refreshed).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    await eventually(async () =>
      (await told('token-revoked')).some(
        (data) =>
          'ends_grant' in data &&
          data.grant_id === grant_id &&
          data.ends_grant &&
          data.reason === 'code-reuse',
      ),
    );
  });

  it('reuse of a refresh token ends the grant for everybody, whichever of its parts the engine removes first', async () => {
    const revokeByGrantId = Object.getOwnPropertyDescriptor(OidcAdapter.prototype, 'revokeByGrantId')!
      .value as OidcAdapter['revokeByGrantId'];
    const late = vi.spyOn(OidcAdapter.prototype, 'revokeByGrantId').mockImplementation(async function (
      this: OidcAdapter,
      id,
    ) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return revokeByGrantId.call(this, id);
    });
    const state = await register(app('patient-access'));
    const { grant_id, refresh_token } = await connect(state);
    const refresh = () => token(state, { grant_type: 'refresh_token', refresh_token: refresh_token ?? '' });
    expect((await refresh()).status).toBe(200);
    await source.query(
      "UPDATE oidc_artifact SET consumed_at = consumed_at - interval '11 seconds' WHERE id_sha256 = $1",
      [sha256(refresh_token ?? '')],
    );
    expect((await refresh()).body).toMatchObject({ error: 'invalid_grant' });
    late.mockRestore();
    await eventually(async () =>
      (await told('token-revoked')).some(
        (data) => 'ends_grant' in data && data.grant_id === grant_id && data.reason === 'token-reuse',
      ),
    );
  });

  it('grant-revoked destroys codes and refresh tokens, and a late decision cannot bring the grant back', async () => {
    const state = await register(app('patient-access'));
    const tokens = await connect(state);
    const revoke = (grant_id: string) =>
      tell('grant-revoked', {
        grant_id,
        version: 2,
        environment: 'sandbox',
        sub: 'sub-1',
        patient: 'patient-of-sub-1',
        client_id: state.client_id,
        scope: pageScope,
        status: 'revoked',
        created_at: new Date().toISOString(),
        expires_at: new Date().toISOString(),
        revoked_at: new Date().toISOString(),
        revoked_reason: 'member',
      });
    await revoke(tokens.grant_id ?? '');
    await eventually(async () => {
      const answer = await token(state, {
        grant_type: 'refresh_token',
        refresh_token: tokens.refresh_token ?? '',
      });
      return answer.status === 400 && answer.body.error === 'invalid_grant';
    });
    const late = randomUUID();
    await revoke(late);
    await eventually(
      async () => (await source.query('SELECT 1 FROM ended_grant WHERE grant_id = $1', [late])).length === 1,
    );
    expect((await authorize(state, {}, { grant_id: late })).refused?.status).toBe(400);
  });

  const endedGrant = (grant_id: string, client_id: string): EventData<'grant-revoked'> => ({
    grant_id,
    version: 2,
    environment: 'sandbox',
    sub: 'sub-1',
    patient: 'patient-of-sub-1',
    client_id,
    scope: pageScope,
    status: 'revoked',
    created_at: new Date().toISOString(),
    expires_at: new Date().toISOString(),
    revoked_at: new Date().toISOString(),
    revoked_reason: 'member',
  });

  it('no token outlives its grant', async () => {
    const state = await register(app('patient-access'));
    const { redirect } = await authorize(state, {}, { grant_expires_at: Math.floor(Date.now() / 1000) + 90 });
    const code = redirect?.searchParams.get('code') ?? '';
    const first = await token(state, { grant_type: 'authorization_code', code, redirect_uri: redirectUri });
    const { refresh_token = '' } = first.body;
    const second = await token(state, { grant_type: 'refresh_token', refresh_token });
    for (const { body } of [first, second]) {
      expect(body.expires_in).toBeLessThanOrEqual(90);
      expect(body.expires_in).toBeGreaterThan(60);
    }
  });

  it('an end that no event carries is known within the bound: the owners are asked', async () => {
    const state = await register(app('patient-access'));
    const directoryApp = await register(app('provider-directory'));
    const tokens = await connect(state);
    owners.commitGrant(endedGrant(tokens.grant_id!, state.client_id));
    owners.commitApp({ ...directoryApp, version: 2, status: 'suspended', environments: [] });
    const replaced = [{ sha256: sha256('another'), expires_at: null }];
    owners.commitApp({ ...state, version: 2, secrets: replaced });
    await eventually(async () => (await token(state, { grant_type: 'refresh_token' })).status === 401);
    const directory = await token(directoryApp, { grant_type: 'client_credentials', scope: 'system/*.rs' });
    expect(directory.body.error).toBe('unauthorized_client');
    const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token! };
    await eventually(async () => (await token(state, refresh, 'another')).body.error === 'invalid_grant');
  });

  it('a grant that consent does not know any more after a restore ends here, too', async () => {
    const state = await register(app('patient-access'));
    const [known, unknown] = [await connect(state), await connect(state)];
    owners.unknownGrants.add(unknown.grant_id!);
    owners.replaceDatabase('consent', []);
    await eventually(async () =>
      (await told('token-revoked')).some(
        (data) => 'ends_grant' in data && data.grant_id === unknown.grant_id && data.reason === 'restore',
      ),
    );
    const refresh = ({ refresh_token }: Record<string, string>) =>
      token(state, { grant_type: 'refresh_token', refresh_token: refresh_token! });
    expect((await refresh(unknown)).body.error).toBe('invalid_grant');
    expect((await refresh(known)).status).toBe(200);
  });

  it('gives no tokens when no owner confirms what has ended, and a refused request costs nothing', async () => {
    const state = await register(app('patient-access'));
    const { refresh_token = '' } = await connect(state);
    const refresh = () => token(state, { grant_type: 'refresh_token', refresh_token });
    const directoryApp = await register(app('provider-directory'));
    const directory = () => token(directoryApp, { grant_type: 'client_credentials', scope: 'system/*.rs' });
    let isAway = true;
    const waits: number[] = [];
    const waitUntilCaughtUp = async (timeout: number) => {
      waits.push(timeout);
      return !isAway;
    };
    const freshness = new EventFreshness({ waitUntilCaughtUp });
    await freshness.catchUp();
    await freshness.catchUp();
    isAway = false;
    await freshness.catchUp();
    await freshness.catchUp();
    // A request waits for the rebalancing of replicas, but only briefly for an unavailable log.
    expect(waits).toEqual([4000, 100, 100, 4000]);

    owners.away.add('consent');
    const introspect = () => post('/sandbox/introspect', basic(state), { token: refresh_token });
    await eventually(async () => (await introspect()).status === 503);
    const refused = await refresh();
    expect(refused.status).toBe(503);
    expect(refused.body.error).toBe('temporarily_unavailable');
    expect(refused.headers.get('retry-after')).toBe('5');
    // A directory token has no member: it depends on the app alone.
    expect((await directory()).status).toBe(200);
    owners.away.clear();
    owners.away.add('registration');
    await eventually(async () => (await directory()).status === 503);
    owners.away.clear();
    await eventually(async () => (await directory()).status === 200);
    // The refusal has not used up the token.
    expect((await refresh()).status).toBe(200);
  });

  it('introspection tells an app about its own tokens only, a resource server about any', async () => {
    const state = await register(app('patient-access'));
    const stranger = await register(app('patient-access'));
    const tokens = await connect(state);
    for (const value of [tokens.access_token ?? '', tokens.refresh_token ?? '']) {
      const own = await post('/sandbox/introspect', basic(state), { token: value });
      expect(own.body).toMatchObject({
        active: true,
        client_id: state.client_id,
        patient: 'patient-of-sub-1',
        iss: 'http://localhost:4000/sandbox',
        sub: 'sub-1',
        fhirUser: `${fhirBase}/Patient/patient-of-sub-1`,
        exp: expect.any(Number),
      });
      expect((await post('/sandbox/introspect', basic(stranger), { token: value })).body).toEqual({
        active: false,
      });
    }
    const server = await post('/sandbox/introspect', `Bearer ${config.INTROSPECTION_TOKEN}`, {
      token: tokens.access_token ?? '',
    });
    expect(server.body.active).toBe(true);
    expect(
      (await post('/production/introspect', basic(state), { token: tokens.access_token ?? '' })).body,
    ).toEqual({
      active: false,
    });
    expect((await post('/sandbox/introspect', undefined, { token: 'x' })).status).toBe(401);
    expect((await post('/sandbox/introspect', basic(state), {})).status).toBe(400);
  });

  it('revocation ends an access token alone, a refresh token with its grant, and nobody else’s', async () => {
    const state = await register(app('patient-access'));
    const stranger = await register(app('patient-access'));
    const tokens = await connect(state);
    const active = async (value: string) =>
      (await post('/sandbox/introspect', basic(state), { token: value })).body.active;
    await post('/sandbox/revoke', basic(stranger), { token: tokens.access_token ?? '' });
    expect(await active(tokens.access_token ?? '')).toBe(true);
    expect((await post('/sandbox/revoke', basic(state), { token: 'unknown' })).status).toBe(200);
    await post('/sandbox/revoke', basic(state), { token: tokens.access_token ?? '' });
    expect(await active(tokens.access_token ?? '')).toBe(false);
    const refreshed = await token(state, {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token ?? '',
    });
    expect(refreshed.status).toBe(200);
    await post('/sandbox/revoke', basic(state), { token: refreshed.body.refresh_token ?? '' });
    expect(await active(refreshed.body.access_token ?? '')).toBe(false);
    await eventually(async () =>
      (await told('token-revoked')).some(
        (data) =>
          'ends_grant' in data &&
          data.grant_id === tokens.grant_id &&
          data.ends_grant &&
          data.reason === 'app',
      ),
    );
  });

  it('a redirect URI one slash off stays on our page, names it, and the developer is told', async () => {
    const state = await register(app('patient-access'));
    const step = await browser()(authorizePath(state, { redirect_uri: `${redirectUri}/` }));
    expect(step.status).toBe(400);
    expect(step.location).toBe('');
    expect(step.text).toContain(`${redirectUri}/`);
    expect(step.text).toContain('Nothing was shared');
    await eventually(async () =>
      (await told('authorization-failed')).some(
        (data) =>
          'redirect_uri' in data &&
          data.client_id === state.client_id &&
          data.redirect_uri === `${redirectUri}/`,
      ),
    );
  });

  it('OpenID configuration tells what is really there', async () => {
    const documents = await Promise.all(
      [
        '/sandbox/.well-known/openid-configuration',
        '/sandbox/.well-known/oauth-authorization-server',
        '/.well-known/oauth-authorization-server/sandbox',
      ].map(async (path) => (await (await fetch(service.url + path)).json()) as Record<string, unknown>),
    );
    const [document = {}] = documents;
    for (const other of documents) expect(other.issuer).toBe('http://localhost:4000/sandbox');
    expect(document).toMatchObject({
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'private_key_jwt'],
      response_modes_supported: ['query'],
      issuer: 'http://localhost:4000/sandbox',
      id_token_signing_alg_values_supported: ['RS256'],
      code_challenge_methods_supported: ['S256'],
      response_types_supported: ['code'],
    });
    expect([...(document.grant_types_supported as string[])].sort()).toEqual([
      'authorization_code',
      'client_credentials',
      'refresh_token',
    ]);
  });

  it('sign-ins and revocations are written down; a name that is nobody’s and a password are not', async () => {
    const state = await register(app('patient-access'));
    const signIn = async (username: string, password: string) => {
      const go = browser();
      const { location } = await go(authorizePath(state));
      await go(location, { method: 'POST', body: new URLSearchParams({ username, password }) });
    };
    await signIn('other', 'password');
    await signIn('other', 'hunter2-wrong');
    await signIn('hunter2-typed-into-the-wrong-field', 'x');
    const audited = async () =>
      (await log.read(log.pool, 0n, ['audit-recorded'], 10_000)).rows
        .map((row) => (row.event as CloudEvent<'audit-recorded'>).data)
        .filter(({ client_id }) => client_id === state.client_id);
    const entries = await eventually(async () => (await audited()).length === 3 && audited());
    expect(entries.map(({ action, actor_role, actor }) => [action, actor_role, actor])).toEqual([
      ['signed-in', 'member', 'sub-2'],
      ['sign-in-refused', 'member', 'sub-2'],
      ['sign-in-refused', 'unknown', null],
    ]);
    const trail = JSON.stringify(await source.query('SELECT * FROM audit_entry'));
    expect(trail).toContain('grant-ended');
    expect(trail).not.toMatch(/hunter2|patient-of/);
  });

  it('tokens, refusals and sign-ins are counted by plan, error and outcome; engine paths by their template', async () => {
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    for (const line of [
      /^oauth_tokens_issued_total\{environment="sandbox",plan="patient-access",grant_type="authorization_code"\} [1-9]/m,
      /^oauth_tokens_issued_total\{environment="sandbox",plan="provider-directory",grant_type="client_credentials"\} [1-9]/m,
      /^oauth_refusals_total\{environment="sandbox",endpoint="token",error="invalid_grant"\} [1-9]/m,
      /^oauth_refusals_total\{environment="sandbox",endpoint="authorize",error="invalid_redirect_uri"\} [1-9]/m,
      /^oauth_refusals_total\{environment="sandbox",endpoint="authorize",error="access_denied"\} [1-9]/m,
      /^sign_ins_total\{role="member",environment="sandbox",outcome="success"\} [1-9]/m,
      /^sign_ins_total\{role="member",environment="sandbox",outcome="failure"\} [1-9]/m,
      /^http_request_duration_seconds_count\{service="auth-server",method="POST",route="\/\{environment\}\/token",status_class="2xx"\} [1-9]/m,
      /^database_pool_connections\{pool="database"\} \d/m,
    ])
      expect(metrics).toMatch(line);
    const routes = [...metrics.matchAll(/route="([^"]*)"/g)].map(([, route]) => route);
    expect(new Set(routes).size).toBeLessThan(20);
  });

  it('an event left in the outbox by a crash is sent at the next start', async () => {
    const event = await addToOutbox(source, 'authorization-failed', {
      id: 'left',
      version: 1,
      environment: 'sandbox',
      client_id: 'a',
      at: new Date().toISOString(),
      error: 'x',
      detail: 'y',
    });
    await eventually(async () =>
      (await told('authorization-failed')).some((data) => 'id' in data && data.id === 'left'),
    );
    expect(event.subject).toBe('left');
  });
});
