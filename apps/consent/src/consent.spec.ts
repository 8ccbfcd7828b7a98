import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { addToOutbox, createPublisher, localSigner, type PostgresEventLog } from '@payer/events';
import { ServiceIdentity, type RunningService } from '@payer/service';
import {
  cloudEvent,
  factsAnswer,
  grantState,
  type AuditEntry,
  type CloudEvent,
  type ServiceName,
} from '@payer/smart';
import { eventually } from '@payer/testing';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import type { DataSource } from 'typeorm';
import type { Config } from './config.js';
import { consent } from './service.js';
import { startConsentUnderTest, type Browser } from './testing/consent-under-test.js';

describe('consent', () => {
  let test: Awaited<ReturnType<typeof startConsentUnderTest>>;
  let config: Config;
  let service: RunningService;
  let source: DataSource;
  let log: PostgresEventLog;
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    test = await startConsentUnderTest();
    ({ config, source, log, running: service } = test);
  }, 60_000);

  afterAll(async () => {
    for (const close of closing) await close();
    test.running = service;
    await test.stop();
  });

  type Under = typeof test;
  const browser = () => test.browser();
  const ask = (...args: Parameters<Under['ask']>) => test.ask(...args);
  const encrypt = (signed: string) => test.encrypt(signed);
  const answer = (...args: Parameters<Under['answer']>) => test.answer(...args);
  const allow = (...args: Parameters<Under['allow']>) => test.allow(...args);
  const allowOnly = (...args: Parameters<Under['allowOnly']>) => test.allowOnly(...args);
  const statusOf = (grantId: string) => test.statusOf(grantId);
  const told = (type: string) => test.told(type);
  const settled = () => test.settled();

  it('asks in plain words, commits the yes with its event, and answers by a signed decision', async () => {
    const go = browser();
    const { status, location } = await go(`/sandbox/consent?request=${await ask(go)}`);
    expect(status).toBe(303);
    for (let reload = 0; reload < 2; reload++) {
      const page = await go(location);
      expect(page.status).toBe(200);
      expect(page.text).toContain('Maria Lindqvist');
      expect(page.text).toContain('Health &lt;App');
      expect(page.text).toContain('HIPAA');
    }
    const decided = await answer(go, location, 'allow', { days: '30' });
    expect(decided.location).toContain('http://localhost:4000/sandbox/interaction/x/decision?decision=');
    const [grant] = await source.query(
      "SELECT *, expires_at - created_at AS lasts FROM app_grant WHERE sub = 'sub-1'",
    );
    expect(grant).toMatchObject({ client_id: 'app1', version: 1 });
    expect(grant.lasts.days).toBe(30);
    await eventually(async () => (await statusOf(grant.grant_id)) === 'active');
    await eventually(async () =>
      (await told('grant-created')).some(({ grant_id }) => grant_id === grant.grant_id),
    );
  });

  const expiredRequest =
    'This request has expired, or it was opened in another browser. Go back to the app and start again.';

  it('a request is good once; expired, altered and foreign ones are refused and nothing is shared', async () => {
    const go = browser();
    const request = await ask(go);
    expect((await go(`/sandbox/consent?request=${request}`)).status).toBe(303);
    const unsigned = [{ alg: 'none' }, { sub: 'sub-1' }].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    );
    for (const [path, token] of [
      ['/sandbox', request],
      ['/sandbox', await ask(go, {}, '-1m')],
      ['/sandbox', `${request.slice(0, -8)}AAAAAAAA`],
      ['/production', await ask(go)],
      ['/sandbox', await ask(go, { environment: 'production' })],
      ['/sandbox', await ask(go, { return_to: 'https://evil.example/' })],
      ['/sandbox', await ask(go, { browser: undefined })],
      ['/sandbox', await encrypt(`${unsigned.join('.')}.`)],
      ['/sandbox', 'rubbish'],
      ['/sandbox', `${await ask(go)}&request=twice`],
    ] as const) {
      const refused = await go(`${path}/consent?request=${token}`);
      expect(refused.status).toBe(400);
      expect(refused.text).toContain(expiredRequest);
    }
  });

  it('a request belongs to the browser that auth-server sent: elsewhere it shows nobody and signs nobody in', async () => {
    const { go: member } = await allow({ sub: 'sub-own', member_name: 'Own Name', client_id: 'own' });
    const attacker = browser();
    const planted = await ask(attacker, { sub: 'sub-attacker', member_name: 'Attacker Name' });
    // In a browser without cookies, in a browser that consent knows, and in one with a signed-in member.
    const known = browser();
    await known('/sandbox/consent/begin?interaction=x');
    for (const victim of [browser(), known, member]) {
      const opened = await victim(`/sandbox/consent?request=${planted}`);
      expect(opened.status).toBe(400);
      expect(opened.text).toContain(expiredRequest);
      expect(opened.text).not.toMatch(/Attacker|Maria|Health &lt;/);
    }
    expect((await known('/sandbox/api/grants')).status).toBe(401);
    expect((await member('/sandbox/')).text).toContain('Own Name');
    expect(await source.query("SELECT 1 FROM pending_consent WHERE sub = 'sub-attacker'")).toHaveLength(0);
    // It was not used up for its own browser either.
    const { status, location } = await attacker(`/sandbox/consent?request=${planted}`);
    expect(status).toBe(303);
    const elsewhere = await browser()(location);
    expect(elsewhere.status).toBe(400);
    expect(elsewhere.text).toContain(expiredRequest);
    expect(elsewhere.text).not.toMatch(/Attacker|Health &lt;/);
  });

  it('the beginning leads to auth-server only, and no address on the way names the member', async () => {
    const go = browser();
    const begun = await go('/sandbox/consent/begin?interaction=abc-1');
    expect(begun.location).toMatch(
      /^http:\/\/localhost:4000\/sandbox\/interaction\/abc-1\/consent\?browser=[\w-]{43}$/,
    );
    expect((await go('/sandbox/consent/begin?interaction=abc-1')).location).toBe(begun.location);
    for (const interaction of ['', '../../x', 'a/b', '%2F%2Fevil.example', 'a&interaction=b'])
      expect((await go(`/sandbox/consent/begin?interaction=${interaction}`)).status).toBe(400);
    const request = await ask(go);
    const page = await go(`/sandbox/consent?request=${request}`);
    const decided = await answer(go, page.location, 'allow');
    for (const address of [request, page.location, decided.location]) {
      const texts = address.split(/[.=&?/]/).map((part) => Buffer.from(part, 'base64url').toString());
      expect([address, ...texts].join(' ')).not.toMatch(/Maria|Lindqvist|"p1"|patient"/);
    }
  });

  it('the question of one member cannot be answered by another browser, or from another site', async () => {
    const go = browser();
    const { location } = await go(`/sandbox/consent?request=${await ask(go)}`);
    expect((await answer(browser(), location, 'allow')).status).toBe(400);
    const foreign = await go(location, {
      method: 'POST',
      headers: { origin: 'https://evil.example' },
      body: new URLSearchParams({ decision: 'allow' }),
    });
    expect(foreign.status).toBe(403);
  });

  it('a yes whose answer never reaches auth-server gives no access and ends by itself', async () => {
    const seen = async (go: Browser) => {
      const { grants } = JSON.parse((await go('/sandbox/api/grants')).text) as {
        grants: { grant_id: string; status: string; revoked_reason: string }[];
      };
      return grants;
    };
    test.state.isAuthServerAway = true;
    const { go, grantId } = await allowOnly({ sub: 'sub-lost', client_id: 'lost' });
    const kept = await allowOnly({ sub: 'sub-kept', client_id: 'kept' });
    test.state.unredeemed.add(grantId);
    // While the redemption is unknown, the member sees both grants and can revoke them.
    expect(await seen(go)).toMatchObject([{ grant_id: grantId, status: 'pending' }]);
    expect((await kept.go('/sandbox/')).text).toMatch(/Not confirmed yet.*Disconnect/s);
    await source.query("UPDATE app_grant SET confirm_by = now() - interval '1 s' WHERE status = 'pending'");
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(await statusOf(grantId)).toBe('pending');
    await source.query("UPDATE app_grant SET confirm_by = now() + interval '3 min' WHERE status = 'pending'");

    test.state.isAuthServerAway = false;
    // A member who opens the page sees it at once, whatever state the log is in.
    expect(await seen(kept.go)).toMatchObject([{ grant_id: kept.grantId, status: 'active' }]);
    expect(await seen(go)).toEqual([]);
    expect((await go('/sandbox/')).text).toContain('No app is connected');
    await source.query("UPDATE app_grant SET confirm_by = now() - interval '1 s' WHERE grant_id = $1", [
      grantId,
    ]);
    await eventually(async () => (await statusOf(grantId)) === 'revoked');
    expect(await seen(go)).toMatchObject([{ status: 'revoked', revoked_reason: 'expired' }]);
    expect((await go('/sandbox/')).text).toContain('The app never came back for your answer');
    await settled();
    expect((await told('grant-created')).map(({ grant_id }) => grant_id)).not.toContain(grantId);
    const actions = await source.query('SELECT action FROM audit_entry WHERE grant_id = $1 ORDER BY at', [
      grantId,
    ]);
    expect(actions).toEqual([{ action: 'grant-allowed' }, { action: 'grant-revoked' }]);
    // A late redemption is not accepted.
    test.state.unredeemed.delete(grantId);
    await seen(go);
    expect(await statusOf(grantId)).toBe('revoked');
  });

  it('a pending grant counts as alive for services that have seen its token, and its member can end it', async () => {
    const { go, grantId } = await allowOnly({ sub: 'sub-early', client_id: 'early' });
    test.state.unredeemed.add(grantId);
    await source.query("UPDATE app_grant SET status = 'pending' WHERE grant_id = $1", [grantId]);
    const as = async (caller: ServiceName) => ({
      authorization: await ServiceIdentity.of(caller, config).authorizationFor('consent'),
      'content-type': 'application/json',
    });
    const headers = await as('fhir-api');
    const shown = await go(`/sandbox/internal/grants/${grantId}`, { headers });
    expect(JSON.parse(shown.text)).toMatchObject({ status: 'active' });
    const body = JSON.stringify({ grant_ids: [grantId] });
    const live = await go('/sandbox/internal/grants/live', {
      method: 'POST',
      headers: await as('auth-server'),
      body,
    });
    expect(JSON.parse(live.text)).toEqual({ live: [grantId] });
    expect((await go(`/sandbox/api/grants/${grantId}`, { method: 'DELETE' })).status).toBe(204);
    expect((await told('grant-revoked')).map(({ grant_id }) => grant_id)).toContain(grantId);
  });

  it('pressing the button three times makes one grant and gives the same answer', async () => {
    const go = browser();
    const { location } = await go(`/sandbox/consent?request=${await ask(go, { client_id: 'thrice' })}`);
    const answers = await Promise.all([1, 2, 3].map(() => answer(go, location, 'allow')));
    expect(new Set(answers.map((step) => step.location)).size).toBe(1);
    expect(await source.query("SELECT 1 FROM app_grant WHERE client_id = 'thrice'")).toHaveLength(1);
  });

  it('a no stores no grant', async () => {
    const go = browser();
    const { location } = await go(`/sandbox/consent?request=${await ask(go, { client_id: 'denied' })}`);
    const decided = await answer(go, location, 'deny');
    expect(decided.location).toContain('decision=');
    expect(await source.query("SELECT 1 FROM app_grant WHERE client_id = 'denied'")).toHaveLength(0);
  });

  it('who goes back to a question they answered is told what they answered', async () => {
    const { go, page } = await allow({ client_id: 'answered' });
    expect((await go(page)).text).toMatch(
      /You said yes to Health.*until <time [^>]*>\w+ \d+, \d{4}<\/time>, or until you stop/s,
    );
    const { location } = await go(`/sandbox/consent?request=${await ask(go, { client_id: 'answered' })}`);
    await answer(go, location, 'deny');
    expect((await go(location)).text).toMatch(/You said no to .*We shared nothing/s);
  });

  it('signing out takes the session at auth-server along, by a signed message', async () => {
    const { go } = await allow({ sub: 'sub-leaving' });
    const { location } = await go('/sandbox/sign-out', { method: 'POST' });
    const url = new URL(location);
    expect(url.origin + url.pathname).toBe('http://localhost:4000/sandbox/sign-out');
    const token = url.searchParams.get('request') ?? '';
    const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(`${service.url}/jwks`)), {
      issuer: 'http://localhost:4002/sandbox/',
      audience: 'http://localhost:4000/sandbox',
      typ: 'sign-out-request+jwt',
    });
    expect(payload.sub).toBe('sub-leaving');
    expect((await go('/sandbox/api/grants')).status).toBe(401);
    expect((await go('/sandbox/signed-out')).text).toContain('You are signed out');
  });

  it('lists and ends only own grants, each once, however many ask at the same time', async () => {
    const { go, grantId } = await allow({ client_id: 'mine' });
    const { go: other } = await allow({ sub: 'sub-2', client_id: 'theirs' });
    const path = `/sandbox/api/grants/${grantId}`;
    expect((await browser()('/sandbox/api/grants')).status).toBe(401);
    expect((await other(path, { method: 'DELETE' })).status).toBe(404);
    const { grants } = JSON.parse((await other('/sandbox/api/grants')).text) as {
      grants: { client_id: string }[];
    };
    expect(grants.map(({ client_id }) => client_id)).toEqual(['theirs']);
    const ends = await Promise.all([1, 2, 3].map(() => go(path, { method: 'DELETE' })));
    expect(ends.map(({ status }) => status)).toEqual([204, 204, 204]);
    const revoked = (await told('grant-revoked')).filter(({ grant_id }) => grant_id === grantId);
    expect(revoked).toHaveLength(1);
    expect(revoked[0]).toMatchObject({ version: 2, status: 'revoked', revoked_reason: 'member' });
  });

  it('disconnecting an app on the page ends all its grants', async () => {
    const { go } = await allow({ sub: 'sub-3', client_id: 'twice' });
    await allow({ sub: 'sub-3', client_id: 'twice' }, go);
    expect((await go('/sandbox/')).text).toContain('Disconnect');
    await go('/sandbox/disconnect', { method: 'POST', body: new URLSearchParams({ client_id: 'twice' }) });
    const rows = await source.query("SELECT status FROM app_grant WHERE client_id = 'twice'");
    expect(rows).toEqual([{ status: 'revoked' }, { status: 'revoked' }]);
    expect((await go('/sandbox/?disconnected=twice')).text).toContain('is disconnected');
  });

  it('who is not signed in is sent to auth-server with PKCE, state and nonce', async () => {
    const step = await browser()('/sandbox/');
    const url = new URL(step.location);
    expect(url.origin + url.pathname).toBe('http://localhost:4000/sandbox/authorize');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      client_id: 'connected-apps',
      redirect_uri: 'http://localhost:4002/sandbox/callback',
      scope: 'openid',
      code_challenge_method: 'S256',
      state: expect.any(String),
      nonce: expect.any(String),
    });
    expect((await browser()('/sandbox/callback?code=x&state=y')).status).toBe(400);
  });

  it('a reused token, a deleted app and the end of the time each end a grant once, with the reason, however often they are told', async () => {
    const publisher = await createPublisher(config, localSigner);
    closing.push(async () => publisher.close());
    const reused = await allow({ client_id: 'reused' });
    const deleted = await allow({ client_id: 'deleted' });
    const expired = await allow({ client_id: 'expired' });
    const at = { time: new Date() };
    const events = [
      cloudEvent(
        'token-revoked',
        {
          id: reused.grantId,
          version: 1,
          environment: 'sandbox',
          client_id: 'reused',
          jti: null,
          grant_id: reused.grantId,
          issued_before: new Date().toISOString(),
          expires_at: new Date().toISOString(),
          reason: 'code-reuse',
          ends_grant: true,
        },
        { id: randomUUID(), ...at },
      ),
      cloudEvent(
        'app-updated',
        {
          client_id: 'deleted',
          version: 2,
          client_name: 'x',
          organization: 'x',
          redirect_uris: [],
          plan: null,
          status: 'deleted',
          environments: [],
          require_pkce: false,
          secrets: [],
          tokens_valid_from: null,
        },
        { id: randomUUID(), ...at },
      ),
    ];
    await publisher.publishEvents([...events, ...events.map((event) => ({ ...event, id: randomUUID() }))]);
    await source.query("UPDATE app_grant SET expires_at = now() WHERE client_id = 'expired'");
    const { Grants } = await import('./grants/grants.js');
    await service.app.get(Grants).endExpired();
    for (const [{ grantId }, reason] of [
      [reused, 'token-reuse'],
      [deleted, 'platform'],
      [expired, 'expired'],
    ] as const) {
      const ends = async () => (await told('grant-revoked')).filter((data) => data.grant_id === grantId);
      await eventually(async () => (await ends()).length > 0);
      await settled();
      expect(await ends()).toMatchObject([{ version: 2, revoked_reason: reason }]);
    }
  });

  it('when an app last looked is what was told last, in whatever order', async () => {
    const { grantId } = await allow({ client_id: 'looked' });
    const minute = (number: number) => new Date(Date.UTC(2026, 10, 25, 12, number)).toISOString();
    const total = (version: number) =>
      cloudEvent(
        'access-recorded',
        {
          id: `sandbox:looked:${grantId}:2026-11-25`,
          version,
          environment: 'sandbox',
          client_id: 'looked',
          grant_id: grantId,
          day: '2026-11-25',
          requests: version,
          errors: 0,
          last_at: minute(version),
        },
        { id: randomUUID(), time: new Date() },
      );
    await log.append([1, 3, 2, 3].map(total).map(localSigner));
    await settled();
    const kept = await source.query('SELECT requests, last_at FROM grant_use WHERE grant_id = $1', [grantId]);
    expect(kept).toEqual([{ requests: '3', last_at: new Date(minute(3)) }]);
  });

  it('tells fhir-api whether a grant is alive, and nobody else', async () => {
    const { go, grantId } = await allow({ client_id: 'status' });
    const path = `/sandbox/internal/grants/${grantId}`;
    const as = (caller: ServiceName, callee: ServiceName = 'consent') =>
      ServiceIdentity.of(caller, config).authorizationFor(callee);
    const authorization = await as('fhir-api');
    const status = async (path: string, caller: string | undefined, init: object = {}) =>
      (await go(path, { ...init, headers: caller ? { authorization: caller } : {} })).status;
    expect(await status(path, undefined)).toBe(401);
    expect(await status(path, await as('fhir-api', 'registration'))).toBe(401);
    expect(await status(path, await as('auth-server'))).toBe(403);
    const live = '/sandbox/internal/grants/live';
    expect(await status(live, authorization, { method: 'POST' })).toBe(403);
    expect(await status('/internal/facts', undefined)).toBe(401);
    expect(await status('/internal/facts', await as('registration'))).toBe(403);
    expect(await status('/internal/facts', await as('auth-server'))).toBe(200);
    const shown = await go(path, { headers: { authorization } });
    expect(JSON.parse(shown.text)).toMatchObject({ status: 'active', client_id: 'status' });
    expect(shown.text).not.toContain('sub-1');
    expect((await go(`/production/internal/grants/${grantId}`, { headers: { authorization } })).status).toBe(
      404,
    );
  });

  it('a yes, a no and a disconnection are written down for good, with who, what and the request, and told', async () => {
    const { go, grantId } = await allow({ client_id: 'audited' });
    const no = browser();
    const { location } = await no(`/sandbox/consent?request=${await ask(no, { client_id: 'audited' })}`);
    await answer(no, location, 'deny');
    await go(`/sandbox/api/grants/${grantId}`, {
      method: 'DELETE',
      headers: { 'x-request-id': 'disconnect-1', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
    });
    const audited = async () =>
      ((await told('audit-recorded')) as unknown as AuditEntry[]).filter(
        ({ client_id }) => client_id === 'audited',
      );
    const entries = await eventually(async () => (await audited()).length === 4 && audited());
    expect(entries.map(({ action, grant_id }) => [action, grant_id])).toEqual([
      ['grant-allowed', grantId],
      ['grant-created', grantId],
      ['grant-denied', null],
      ['grant-revoked', grantId],
    ]);
    for (const entry of entries)
      expect(entry).toMatchObject({ actor_role: 'member', actor: 'sub-1', environment: 'sandbox' });
    expect(entries[3]).toMatchObject({ request_id: 'disconnect-1', trace_id: 'a'.repeat(32) });
    expect(JSON.stringify(entries)).not.toMatch(/Maria|patient-1/);
    const kept = (await source.query("SELECT id FROM audit_entry WHERE client_id = 'audited'")) as unknown[];
    expect(kept).toHaveLength(4);
    for (const statement of [
      'UPDATE audit_entry SET actor = NULL',
      'DELETE FROM audit_entry',
      'TRUNCATE audit_entry',
    ])
      await expect(source.query(statement)).rejects.toThrow(/append-only/);
  });

  it('answers, live grants and ended ones are counted', async () => {
    const { grantId } = await allow({ client_id: 'counted' });
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    const [row] = (await source.query(
      "SELECT count(*)::integer AS count FROM app_grant WHERE status = 'active' AND environment = 'sandbox'",
    )) as { count: number }[];
    expect(row?.count).toBeGreaterThan(0);
    expect(metrics).toContain(`grants_active{environment="sandbox"} ${row?.count}\n`);
    for (const line of [
      /^consent_decisions_total\{environment="sandbox",decision="allow"\} [1-9]/m,
      /^consent_decisions_total\{environment="sandbox",decision="deny"\} [1-9]/m,
      /^grants_ended_total\{environment="sandbox",reason="member"\} [1-9]/m,
    ])
      expect(metrics).toMatch(line);
    expect(metrics).not.toContain(grantId);
  });

  it('its feed shows ended grants to services of the platform, and live ones to nobody', async () => {
    const [live, ended] = [await allow(), await allow()];
    await source.query(
      "UPDATE app_grant SET status = 'revoked', revoked_at = now(), version = 2 WHERE grant_id = $1",
      [ended.grantId],
    );
    const facts = (authorization?: string) =>
      fetch(`${service.url}/internal/facts`, { headers: authorization ? { authorization } : {} });
    expect((await facts()).status).toBe(401);
    expect((await facts('Bearer something-else-entirely')).status).toBe(401);
    const answer = await facts(await ServiceIdentity.of('fhir-api', config).authorizationFor('consent'));
    const { facts: shown } = factsAnswer.parse(await answer.json());
    const ids = shown.map((fact) => grantState.parse(fact).grant_id);
    expect(ids).toContain(ended.grantId);
    expect(ids).not.toContain(live.grantId);
  });

  it('events left in the outbox by a crash are sent at the next start, and heartbeats travel', async () => {
    await service.close();
    const left = await addToOutbox(source, 'heartbeat', {
      id: 'left',
      version: 1,
      at: new Date().toISOString(),
    });
    service = await consent.start(config);
    await eventually(async () =>
      (await log.read(log.pool, 0n, ['heartbeat'], 1000)).rows.some(
        (row) => (row.event as CloudEvent).id === left.id,
      ),
    );
    const beats = (await told('heartbeat')).length;
    await eventually(async () => (await told('heartbeat')).length > beats + 1);
  });
});
