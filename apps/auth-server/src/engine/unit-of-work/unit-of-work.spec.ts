import { afterAll, beforeAll, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { currentRequestId, sha256 } from '@payer/service';
import { consentDecisionType } from '@payer/smart';
import { countTransactions } from '@payer/testing';
import { DataSource } from 'typeorm';
import type { Pool } from 'pg';
import { appOf as app, redirectUri } from '../../testing/apps.js';
import { AppMemory } from '../../clients/app-memory.js';
import { AuthServerUnderTest } from '../../testing/auth-server-under-test.js';
import type { Browser } from '../../testing/browser.js';
import { authorizePath, memberFlows, pageScope } from '../../testing/member-flows.js';
import { UnitOfWork } from './unit-of-work.js';

const system = new AuthServerUnderTest();
const { authorize, consentAddress, token } = memberFlows(system);

beforeAll(async () => {
  await system.start();
});
afterAll(() => system.stop());

const credentials = () => new URLSearchParams({ username: 'member', password: 'password' });

it('a code flow takes few transactions, and each step of the engine two at most', async () => {
  const { master } = system.service.app.get(DataSource).driver as unknown as { master: Pool };
  // Each second the next request reads its app again (decision 89): that depends on time.
  const transactions = countTransactions(
    master,
    (statement) => currentRequestId() !== undefined && !statement.includes('FROM app_model'),
  );
  const state = await system.register(app('patient-access'));
  // The first flow also reads the app and the keys of consent, and cleans the sign-in limits.
  const first = await authorize(state);
  expect(first.redirect?.searchParams.get('code')).toBeTruthy();
  const go = system.browser();
  const counts: Record<string, number> = {};
  const step = async (name: string, url: string, init?: RequestInit) => {
    transactions.take();
    const answer = await go(url, init);
    counts[name] = transactions.take();
    return answer;
  };
  const signIn = (await step('authorization request', authorizePath(state))).location;
  await step('sign-in page', signIn);
  const signedIn = await step('sign-in', signIn, { method: 'POST', body: credentials() });
  const asking = await step('end of the sign-in', signedIn.location);
  const begin = await step('way to consent', asking.location);
  const uid = new URL(begin.location).searchParams.get('interaction');
  const asked = await step(
    'consent request',
    `/sandbox/interaction/${uid}/consent?browser=${'b'.repeat(43)}`,
  );
  const request = await system.consent.requestOf(asked.location);
  const { interaction, sub, client_id } = request;
  const grant_expires_at = Math.floor(Date.now() / 1000) + 3600;
  const decision = await system.consent.sign(
    {
      interaction,
      sub,
      client_id,
      decision: 'allow',
      grant_id: randomUUID(),
      scope: pageScope,
      grant_expires_at,
    },
    consentDecisionType,
  );
  const decided = await step('consent decision', `${request.return_to}?decision=${decision}`);
  const { location } = await step('code', decided.location);
  const code = new URL(location).searchParams.get('code') ?? '';
  const redeem = { grant_type: 'authorization_code', code, redirect_uri: redirectUri };
  const tokens = await token(state, redeem);
  expect(tokens.status).toBe(200);
  counts.token = transactions.take();
  const refresh_token = tokens.body.refresh_token ?? '';
  const refreshed = await token(state, { grant_type: 'refresh_token', refresh_token });
  expect(refreshed.status).toBe(200);
  counts.refresh = transactions.take();
  expect(counts).toEqual({
    'authorization request': 1,
    'sign-in page': 1,
    // The limit of guesses is counted before the password is judged, and apart from its outcome.
    'sign-in': 3,
    'end of the sign-in': 2,
    'way to consent': 1,
    'consent request': 1,
    'consent decision': 2,
    code: 2,
    token: 2,
    refresh: 2,
  });
});

it('of two requests that end an interaction at once, the second gets the answer of the first', async () => {
  const state = await system.register(app('patient-access'));
  const go = system.browser();
  const signIn = (await go(authorizePath(state))).location;
  const { location } = await go(signIn, { method: 'POST', body: credentials() });
  const sessions = async () =>
    (await system.source.query("SELECT 1 FROM oidc_artifact WHERE model = 'Session'")).length;
  const before = await sessions();
  const answers = await Promise.all([1, 2, 3].map(() => go(location, { isLost: true })));
  expect(new Set(answers.map((answer) => answer.location)).size).toBe(1);
  expect(await sessions()).toBe(before + 1);
  const next = answers[0]!.location;
  // The browser goes on with the answer that arrives.
  await go(location);
  expect(await consentAddress(go, (await go(next)).location)).toContain('/sandbox/consent?request=');
});

it('a step that cannot be stored as a whole is not stored at all, and can be repeated', async () => {
  const state = await system.register(app('patient-access'));
  const go = system.browser();
  const signIn = (await go(authorizePath(state))).location;
  const { location } = await go(signIn, { method: 'POST', body: credentials() });
  const models = () =>
    system.source.query(
      'SELECT model, count(*)::integer AS count FROM oidc_artifact GROUP BY model ORDER BY model',
    );
  const before = await models();
  await system.source.query(
    "ALTER TABLE oidc_artifact ADD CONSTRAINT refused CHECK (model <> 'FinishedInteraction') NOT VALID",
  );
  try {
    expect((await go(location, { isLost: true })).status).toBeGreaterThanOrEqual(500);
    expect(await models()).toEqual(before);
  } finally {
    await system.source.query('ALTER TABLE oidc_artifact DROP CONSTRAINT refused');
  }
  expect((await go((await go(location)).location)).location).toContain('/sandbox/consent/begin');
});

it.each([
  ['its writes', 'AS is_first'],
  ['a read', 'find-step'],
  ['a read of the engine, which answers its errors itself', 'find-app'],
])(
  'a step during which the database refuses %s answers 503, and the same browser can repeat it',
  async (_, text) => {
    const state = await system.register(app('patient-access'));
    const go = system.browser();
    const signIn = (await go(authorizePath(state))).location;
    const { location } = await go(signIn, { method: 'POST', body: credentials() });
    const stored = () => system.source.query('SELECT model, id_sha256 FROM oidc_artifact ORDER BY 1, 2');
    const before = await stored();
    const { master } = system.service.app.get(DataSource).driver as unknown as { master: Pool };
    system.service.app.get(AppMemory).forget(state.client_id);
    const refusal = refuseOnce(master, text);
    expect((await go(location)).status).toBe(503);
    expect(refusal.refused).toBe(true);
    expect(await stored()).toEqual(before);
    expect((await go((await go(location)).location)).location).toContain('/sandbox/consent/begin');
  },
);

it('an interaction is resumed at its own path only', async () => {
  const state = await system.register(app('patient-access'));
  const signIn = async (go: Browser) => {
    const { location } = await go(authorizePath(state));
    return (await go(location, { method: 'POST', body: credentials() })).location;
  };
  const [victim, attacker] = [system.browser(), system.browser()];
  const [theirs, own] = [await signIn(victim), await signIn(attacker)];
  expect((await attacker(theirs, { cookiesOf: own })).status).toBe(400);
  expect((await victim((await victim(theirs)).location)).location).toContain('/sandbox/consent/begin');
});

it('a late step does not open a finished interaction again', async () => {
  const state = await system.register(app('patient-access'));
  const go = system.browser();
  const signIn = (await go(authorizePath(state))).location;
  const { location } = await go(signIn, { method: 'POST', body: credentials() });
  const [, uid = ''] = /\/authorize\/([\w-]+)/.exec(location) ?? [];
  const late = await new UnitOfWork(system.source, 'sandbox').load({ uid });
  await go(location);
  const interaction = late.find('Interaction', uid)!.payload!;
  late.store({ model: 'Interaction', id: uid, payload: interaction, grantId: null, uid: null, lifetime: 60 });
  await late.commit();
  const twice = new UnitOfWork(system.source, 'sandbox');
  twice.remove('Interaction', uid);
  expect(await twice.commit()).toBe(false);
  const open = await system.source.query(
    "SELECT 1 FROM oidc_artifact WHERE model = 'Interaction' AND id_sha256 = $1",
    [sha256(uid)],
  );
  expect(open).toEqual([]);
});

it('a session that ended during a step stays ended', async () => {
  const session = (id: string) => ({
    model: 'Session',
    id,
    payload: { kind: 'Session' },
    grantId: null,
    uid: `uid of ${id}`,
    lifetime: 60,
  });
  const [id, rotated] = [randomUUID(), randomUUID()];
  const begin = new UnitOfWork(system.source, 'sandbox');
  begin.store(session(id));
  await begin.commit();
  const [late, login] = await Promise.all(
    [1, 2].map(() => new UnitOfWork(system.source, 'sandbox').load({ session: id })),
  );
  const end = new UnitOfWork(system.source, 'sandbox');
  end.remove('Session', id);
  await end.commit();
  const open = () =>
    system.source.query('SELECT id_sha256 FROM oidc_artifact WHERE model = $1 AND id_sha256 = ANY($2)', [
      'Session',
      [id, rotated].map(sha256),
    ]);
  late!.store(session(id));
  expect(await late!.commit()).toBe(true);
  expect(await open()).toEqual([]);
  // A sign-in gives the session a new id, which did not end.
  login!.remove('Session', id);
  login!.store(session(rotated));
  expect(await login!.commit()).toBe(true);
  expect(await open()).toEqual([{ id_sha256: sha256(rotated) }]);
});

it('a step stores no artifact of a grant that ended meanwhile', async () => {
  const [ended, live] = [randomUUID(), randomUUID()];
  await system.source.query("INSERT INTO ended_grant (grant_id, environment) VALUES ($1, 'sandbox')", [
    ended,
  ]);
  const step = new UnitOfWork(system.source, 'sandbox');
  for (const grantId of [ended, live])
    for (const model of ['Grant', 'AuthorizationCode'])
      step.store({
        model,
        id: `${model} ${grantId}`,
        payload: { kind: model },
        grantId,
        uid: null,
        lifetime: 60,
      });
  expect(await step.commit()).toBe(true);
  const stored = await system.source.query(
    'SELECT model, grant_id FROM oidc_artifact WHERE grant_id = ANY($1) ORDER BY model',
    [[ended, live]],
  );
  expect(stored).toEqual([
    { model: 'AuthorizationCode', grant_id: live },
    { model: 'Grant', grant_id: live },
  ]);
});

/** The next statement with this text, or this name, fails as while PostgreSQL starts. */
function refuseOnce(pool: Pool, text: string): { refused: boolean } {
  const refusal = { refused: false };
  pool.on('acquire', (client) => {
    const send = client.query.bind(client) as (...parameters: unknown[]) => unknown;
    client.query = ((...parameters: unknown[]) => {
      if (refusal.refused || !JSON.stringify(parameters[0]).includes(text)) return send(...parameters);
      refusal.refused = true;
      const error = Object.assign(new Error('the database system is starting up'), { code: '57P03' });
      const callback = parameters.at(-1);
      if (typeof callback !== 'function') return Promise.reject(error);
      setImmediate(callback as (error: Error) => void, error);
      return undefined;
    }) as typeof client.query;
  });
  return refusal;
}
