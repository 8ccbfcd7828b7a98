import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import { PostgresEventLog } from '@payer/events';
import { ServiceIdentity } from '@payer/service';
import {
  consentRequestType,
  grantNotice,
  type AppState,
  type CloudEvent,
  type GrantNotice,
} from '@payer/smart';
import { answerClaims, eventually, groupCaughtUp, startTestPostgres } from '@payer/testing';
import {
  CompactEncrypt,
  createRemoteJWKSet,
  exportJWK,
  generateKeyPair,
  importJWK,
  jwtVerify,
  SignJWT,
  type JWK,
} from 'jose';
import { DataSource } from 'typeorm';
import { readConfig } from '../config.js';
import { consent } from '../service.js';
import { migrated } from './migrated.js';

/** The browser of one person. It keeps cookies and follows no redirect. */
export type Browser = (
  path: string,
  init?: RequestInit,
) => Promise<{ status: number; location: string; text: string; headers: Headers }>;

/** Consent on a fresh database, with a double of auth-server and the actions of members. */
export async function startConsentUnderTest() {
  const state = {
    /** Grants whose decision never reached auth-server. */
    unredeemed: new Set<string>(),
    isAuthServerAway: false,
    /** How often consent has asked auth-server about redemptions. */
    redemptionChecks: 0,
    /** Notices that auth-server has taken. */
    notices: [] as GrantNotice[],
  };
  const postgres = await startTestPostgres();
  const pair = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'auth', alg: 'RS256', use: 'sig' };
  const authServer = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    const isNotice = request.url?.endsWith('/internal/notices');
    if (!isNotice && !request.url?.endsWith('/internal/grants/redeemed')) {
      response.end(JSON.stringify({ keys: [jwk] }));
      return;
    }
    if (!isNotice) state.redemptionChecks += 1;
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      if (state.isAuthServerAway || !request.headers.authorization?.startsWith('Bearer e'))
        response.statusCode = 503;
      else if (isNotice) state.notices.push(grantNotice.parse(JSON.parse(body)));
      const { grant_ids = [] } = JSON.parse(body) as { grant_ids?: string[] };
      const answer = JSON.stringify({ redeemed: grant_ids.filter((id) => !state.unredeemed.has(id)) });
      const claims = answerClaims(request, body, response.statusCode, answer);
      void ServiceIdentity.of('auth-server', { NODE_ENV: 'test' })
        .signAnswer(claims)
        .then((signature) => response.setHeader('answer-signature', signature).end(answer));
    });
  });
  await new Promise<void>((resolve) => authServer.listen(0, resolve));
  const ask = async (go: Browser, more: Record<string, unknown> = {}, lifetime = '10m') => {
    const begun = await go('/sandbox/consent/begin?interaction=x');
    const signed = await new SignJWT({
      environment: 'sandbox',
      browser: new URL(begun.location).searchParams.get('browser'),
      interaction: randomUUID(),
      sub: 'sub-1',
      member_name: 'Maria Lindqvist',
      patient: 'p1',
      client_id: 'app1',
      client_name: 'Health <App>',
      organization: 'Apps Inc',
      scope: 'openid fhirUser launch/patient patient/*.rs',
      return_to: 'http://localhost:4000/sandbox/interaction/x/decision',
      auth_time: 1,
      ...more,
    })
      .setProtectedHeader({ alg: 'RS256', kid: 'auth', typ: consentRequestType })
      .setIssuer('http://localhost:4000/sandbox')
      .setAudience('http://localhost:4002/sandbox/')
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime(lifetime)
      .sign(pair.privateKey);
    return encrypt(signed);
  };
  const config = readConfig({
    NODE_ENV: 'test',
    PORT: '0',
    LOG_LEVEL: 'silent',
    DATABASE_URL: await postgres.database('consent', migrated),
    EVENTS_DATABASE_URL: await postgres.database('events'),
    AUTH_SERVER_INTERNAL_URL: `http://localhost:${(authServer.address() as { port: number }).port}`,
    HEARTBEAT_INTERVAL_MS: '100',
  });
  const service = await consent.start(config);
  const source = await new DataSource({ type: 'postgres', url: config.DATABASE_URL }).initialize();
  const log = new PostgresEventLog(config.EVENTS_DATABASE_URL);

  /** Encrypts a signed request as auth-server does. */
  async function encrypt(signed: string): Promise<string> {
    const { keys } = (await (await fetch(`${service.url}/jwks`)).json()) as { keys: JWK[] };
    const jwk = keys.find(({ use }) => use === 'enc')!;
    return new CompactEncrypt(Buffer.from(signed))
      .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', cty: 'JWT', kid: jwk.kid })
      .encrypt(await importJWK(jwk));
  }

  function browser(): Browser {
    const cookies = new Map<string, string>();
    return async (path: string, init: RequestInit = {}) => {
      const headers = new Headers(init.headers);
      headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
      const response = await fetch(`${service.url}${path}`, { ...init, headers, redirect: 'manual' });
      for (const cookie of response.headers.getSetCookie()) {
        const [pair = ''] = cookie.split(';');
        cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
      }
      const location = response.headers.get('location') ?? '';
      return { status: response.status, location, text: await response.text(), headers: response.headers };
    };
  }
  const answer = (go: Browser, path: string, decision: string, more: Record<string, string> = {}) =>
    go(path, { method: 'POST', body: new URLSearchParams({ decision, days: '90', ...more }) });

  /** The member allows the access, and nobody brings the decision to auth-server. */
  async function allowOnly(more: Record<string, unknown> = {}, go = browser()) {
    const { location } = await go(`/sandbox/consent?request=${await ask(go, more)}`);
    const decided = await answer(go, location, 'allow');
    const token = new URL(decided.location).searchParams.get('decision') ?? '';
    const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(`${service.url}/jwks`)), {
      issuer: 'http://localhost:4002/sandbox/',
      audience: 'http://localhost:4000/sandbox',
      typ: 'consent-decision+jwt',
    });
    return { go, page: location, payload, grantId: String(payload.grant_id), decided };
  }

  /** The member allows the access, and auth-server accepts the decision. */
  async function allow(more: Record<string, unknown> = {}, go = browser()) {
    const allowed = await allowOnly(more, go);
    // The member's list asks auth-server at once; the scheduled job asks once per second.
    await go('/sandbox/api/grants');
    await eventually(async () => (await statusOf(allowed.grantId)) === 'active');
    return allowed;
  }

  const statusOf = async (grantId: string): Promise<string> =>
    (await source.query('SELECT status FROM app_grant WHERE grant_id = $1', [grantId]))[0]?.status;

  /**
   * The events in the log. An answer waits for the relay for a limited time only, so this waits for it too.
   */
  const published = async (type: string) => {
    await eventually(async () => (await source.query('SELECT FROM outbox LIMIT 1')).length === 0);
    return (await log.read(log.pool, 0n, [type], 1000)).rows.map(
      (row) => (row.event as CloudEvent<'grant-revoked'>).data,
    );
  };

  /** Waits until the service has applied all events of the log. */
  const caughtUp = async (): Promise<void> => groupCaughtUp(log.pool, 'consent', await log.head());

  /** Adds an app to consent's apps, as an event of registration does. */
  const knowApp = (clientId: string, more: Partial<AppState>) => {
    const app: AppState = {
      client_id: clientId,
      version: 1,
      client_name: 'Health <App>',
      organization: 'Apps Inc',
      redirect_uris: [],
      plan: 'patient-access',
      status: 'active',
      environments: ['sandbox'],
      require_pkce: false,
      secrets: [],
      tokens_valid_from: null,
      ...more,
    };
    return source.query('INSERT INTO app_model (client_id, version, state) VALUES ($1, $2, $3)', [
      clientId,
      app.version,
      JSON.stringify(app),
    ]);
  };

  return {
    waitFor: eventually,
    knowApp,
    config,
    source,
    log,
    state,
    ask,
    encrypt,
    browser,
    answer,
    allowOnly,
    allow,
    statusOf,
    published,
    caughtUp,
    /** The running service. A test that restarts it sets the new one here. */
    running: service,
    async stop() {
      await this.running.close();
      await source.destroy();
      await log.close();
      authServer.close();
      await postgres.stop();
    },
  };
}
