import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { randomUUID } from 'node:crypto';
import { sha256 } from '@payer/service';
import type { AppState, EventData } from '@payer/smart';
import { eventually } from '@payer/testing';
import { EventFreshness } from '../event-freshness.js';
import { OidcAdapter } from '../engine/oidc-adapter.js';
import { removeExpired } from '../engine/remove-expired.js';
import { appOf as app, redirectUri } from '../testing/apps.js';
import { AuthServerUnderTest } from '../testing/auth-server-under-test.js';
import { basic, fhirBase, memberFlows, pageScope } from '../testing/member-flows.js';

const system = new AuthServerUnderTest();
const { authorize, connect, post, published, token } = memberFlows(system);

beforeAll(async () => {
  await system.start({ REVOCATION_MAX_STALENESS: '2' });
});
afterAll(() => system.stop());

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

it('a suspended app can end what it has: tokens that it gave back stay dead after its reinstatement', async () => {
  const state = await system.register(app('patient-access'));
  const [kept, given] = [await connect(state), await connect(state)];
  const suspended = { ...state, version: 2, status: 'suspended' as const, environments: [] };
  await system.publish('app-suspended', { ...suspended, tokens_valid_from: new Date(0).toISOString() });
  const refresh = async ({ refresh_token = '' }: Record<string, string>) =>
    (await token(state, { grant_type: 'refresh_token', refresh_token })).body;
  await eventually(async () => (await refresh({ refresh_token: 'none' })).error === 'unauthorized_client');
  for (const value of [given.refresh_token!, kept.access_token!])
    expect((await post('/sandbox/revoke', basic(state), { token: value })).status).toBe(200);
  await system.publish('app-registered', { ...state, version: 3 });
  await eventually(async () => (await refresh({ refresh_token: 'none' })).error === 'invalid_grant');
  expect((await refresh(kept)).access_token).toBeTruthy();
  expect(await refresh(given)).toMatchObject({ error: 'invalid_grant' });
  const active = async ({ access_token = '' }: Record<string, string>) =>
    (await post('/sandbox/introspect', basic(state), { token: access_token })).body.active;
  expect([await active(kept), await active(given)]).toEqual([false, false]);
});

it('a suspension ends access tokens; what the member granted works again when the app is reinstated', async () => {
  const state = await system.register(app('patient-access'));
  const tokens = await connect(state);
  const active = async (value = '') =>
    (await post('/sandbox/introspect', basic(state), { token: value })).body.active;
  const refresh = () =>
    token(state, { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' });
  const tokens_valid_from = new Date(Date.now() + 1000).toISOString();
  await system.publish('app-suspended', {
    ...state,
    version: 2,
    status: 'suspended',
    environments: [],
    tokens_valid_from,
  });
  await eventually(async () => (await active(tokens.refresh_token)) === false);
  expect((await refresh()).body.error).toBe('unauthorized_client');
  await system.publish('app-registered', { ...state, version: 3, tokens_valid_from });
  await eventually(async () => (await active(tokens.refresh_token)) === true);
  expect(await active(tokens.access_token)).toBe(false);
  expect((await refresh()).status).toBe(200);
});

it('reuse of a code revokes its grant, and the revocation is published', async () => {
  const state = await system.register(app('patient-access'));
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
    (await published('token-revoked')).some(
      (data) =>
        'ends_grant' in data && data.grant_id === grant_id && data.ends_grant && data.reason === 'code-reuse',
    ),
  );
});

describe('a code that is older than its lifetime', () => {
  const codeOf = async (state: AppState) => {
    const { redirect, grant_id } = await authorize(state);
    return { code: redirect?.searchParams.get('code') ?? '', grant_id };
  };
  const exchange = (state: AppState, code: string) =>
    token(state, { grant_type: 'authorization_code', code, redirect_uri: redirectUri });
  /** Moves the code, as its row and its payload say it, into the past. */
  const age = (code: string, seconds: number) =>
    system.source.query(
      `UPDATE oidc_artifact SET expires_at = expires_at - make_interval(secs => $2),
         payload = payload || jsonb_build_object('exp', (payload->>'exp')::int - $2, 'iat', (payload->>'iat')::int - $2)
       WHERE id_sha256 = $1`,
      [sha256(code), seconds],
    );
  const isEnded = async (grantId: string | undefined) =>
    (await system.source.query('SELECT 1 FROM ended_grant WHERE grant_id = $1', [grantId])).length > 0;

  it('ends the grant at its second use', async () => {
    const state = await system.register(app('patient-access'));
    const { code, grant_id } = await codeOf(state);
    const first = await exchange(state, code);
    await age(code, 600);
    await removeExpired(system.source);
    const other = await system.register(app('patient-access'));
    expect((await exchange(other, code)).body.error).toBe('invalid_grant');
    expect(await isEnded(grant_id)).toBe(false);
    for (let time = 0; time < 2; time++)
      expect((await exchange(state, code)).body).toMatchObject({
        error: 'invalid_grant',
        error_code: 'code_reused',
      });
    expect(await isEnded(grant_id)).toBe(true);
    const { refresh_token = '' } = first.body;
    expect((await token(state, { grant_type: 'refresh_token', refresh_token })).status).toBe(400);
  });

  it('ends nothing when it was never used', async () => {
    const state = await system.register(app('patient-access'));
    const { code, grant_id } = await codeOf(state);
    await age(code, 600);
    expect((await exchange(state, code)).body).toMatchObject({ error: 'invalid_grant' });
    expect(await isEnded(grant_id)).toBe(false);
  });

  it('is removed with its grant', async () => {
    const state = await system.register(app('patient-access'));
    const { code, grant_id } = await codeOf(state);
    await exchange(state, code);
    const rows = () =>
      system.source.query<{ until: number }[]>(
        `SELECT extract(epoch FROM code.expires_at - held.expires_at)::float8 AS until
         FROM oidc_artifact code JOIN oidc_artifact held ON held.grant_id = code.grant_id AND held.model = 'Grant'
         WHERE code.id_sha256 = $1 AND held.grant_id = $2`,
        [sha256(code), grant_id],
      );
    expect(await rows()).toEqual([{ until: 0 }]);
    await age(code, 2 * 3600);
    await removeExpired(system.source);
    expect(await rows()).toEqual([]);
  });
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
  const state = await system.register(app('patient-access'));
  const { grant_id, refresh_token } = await connect(state);
  const refresh = () => token(state, { grant_type: 'refresh_token', refresh_token: refresh_token ?? '' });
  expect((await refresh()).status).toBe(200);
  await system.source.query(
    "UPDATE oidc_artifact SET consumed_at = consumed_at - interval '11 seconds' WHERE id_sha256 = $1",
    [sha256(refresh_token ?? '')],
  );
  expect((await refresh()).body).toMatchObject({ error: 'invalid_grant' });
  late.mockRestore();
  await eventually(async () =>
    (await published('token-revoked')).some(
      (data) => 'ends_grant' in data && data.grant_id === grant_id && data.reason === 'token-reuse',
    ),
  );
});

it('grant-revoked destroys codes and refresh tokens, and a late decision cannot bring the grant back', async () => {
  const state = await system.register(app('patient-access'));
  const tokens = await connect(state);
  const revoke = (grant_id: string) => system.publish('grant-revoked', endedGrant(grant_id, state.client_id));
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
    async () =>
      (await system.source.query('SELECT 1 FROM ended_grant WHERE grant_id = $1', [late])).length === 1,
  );
  expect((await authorize(state, {}, { grant_id: late })).refused?.status).toBe(400);
});

it('an end that no event carries is known within the bound: the owners are asked', async () => {
  const state = await system.register(app('patient-access'));
  const directoryApp = await system.register(app('provider-directory'));
  const tokens = await connect(state);
  system.owners.commitGrant(endedGrant(tokens.grant_id!, state.client_id));
  system.owners.commitApp({ ...directoryApp, version: 2, status: 'suspended', environments: [] });
  const replaced = [{ sha256: sha256('another'), expires_at: null }];
  system.owners.commitApp({ ...state, version: 2, secrets: replaced });
  await eventually(async () => (await token(state, { grant_type: 'refresh_token' })).status === 401);
  const directory = await token(directoryApp, { grant_type: 'client_credentials', scope: 'system/*.rs' });
  expect(directory.body.error).toBe('unauthorized_client');
  const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token! };
  await eventually(async () => (await token(state, refresh, 'another')).body.error === 'invalid_grant');
});

it('a grant that consent does not know any more after a restore ends here, too', async () => {
  const state = await system.register(app('patient-access'));
  const [known, unknown] = [await connect(state), await connect(state)];
  system.owners.unknownGrants.add(unknown.grant_id!);
  system.owners.replaceDatabase('consent', []);
  await eventually(async () =>
    (await published('token-revoked')).some(
      (data) => 'ends_grant' in data && data.grant_id === unknown.grant_id && data.reason === 'restore',
    ),
  );
  const refresh = ({ refresh_token }: Record<string, string>) =>
    token(state, { grant_type: 'refresh_token', refresh_token: refresh_token! });
  expect((await refresh(unknown)).body.error).toBe('invalid_grant');
  expect((await refresh(known)).status).toBe(200);
});

it('gives no tokens when no owner confirms what has ended, and a refused request costs nothing', async () => {
  const state = await system.register(app('patient-access'));
  const { refresh_token = '' } = await connect(state);
  const refresh = () => token(state, { grant_type: 'refresh_token', refresh_token });
  const directoryApp = await system.register(app('provider-directory'));
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

  system.owners.away.add('consent');
  const introspect = () => post('/sandbox/introspect', basic(state), { token: refresh_token });
  await eventually(async () => (await introspect()).status === 503);
  const refused = await refresh();
  expect(refused.status).toBe(503);
  expect(refused.body.error).toBe('temporarily_unavailable');
  expect(refused.headers.get('retry-after')).toBe('5');
  // A directory token has no member: it depends on the app alone.
  expect((await directory()).status).toBe(200);
  system.owners.away.clear();
  system.owners.away.add('registration');
  await eventually(async () => (await directory()).status === 503);
  system.owners.away.clear();
  await eventually(async () => (await directory()).status === 200);
  // The refusal has not used up the token.
  expect((await refresh()).status).toBe(200);
});

it('introspection answers an app about its own tokens only, and a resource server about any token', async () => {
  const state = await system.register(app('patient-access'));
  const stranger = await system.register(app('patient-access'));
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
  const server = await post('/sandbox/introspect', `Bearer ${system.config.INTROSPECTION_TOKEN}`, {
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

it('a refused client is challenged by the scheme that it sent, where the endpoint takes this scheme', async () => {
  const challenge = async (path: string, authorization: string) => {
    const answer = await fetch(`${system.service.url}/sandbox/${path}`, {
      method: 'POST',
      headers: { authorization },
      body: new URLSearchParams({ token: 'x' }),
    });
    const { error } = (await answer.json()) as { error: string };
    return [answer.status, error, answer.headers.get('www-authenticate')];
  };
  const realm = 'realm="http://localhost:4000/sandbox"';
  const byBearer = [401, 'invalid_token', expect.stringContaining(`Bearer ${realm}, error="invalid_token"`)];
  const byBasic = [401, 'invalid_client', `Basic ${realm}, charset="UTF-8"`];
  for (const token of ['Bearer unknown', 'bearer  unknown', 'Bearer two words'])
    expect((await challenge('introspect', token))[0]).toBe(401);
  expect(await challenge('introspect', 'bearer  unknown')).toEqual(byBearer);
  expect(await challenge('introspect', 'Basic dW5rbm93bjpub25l')).toEqual(byBasic);
  expect(await challenge('revoke', 'Bearer unknown')).toEqual(byBasic);
});

it('one or more spaces stand between the scheme and the credentials', async () => {
  const state = await system.register(app('patient-access'));
  const { access_token = '', refresh_token = '' } = await connect(state);
  const spaced = basic(state).replace(' ', '   ');
  expect((await post('/sandbox/introspect', spaced, { token: access_token })).body.active).toBe(true);
  const server = `Bearer  ${system.config.INTROSPECTION_TOKEN}`;
  expect((await post('/sandbox/introspect', server, { token: access_token })).body.active).toBe(true);
  const form = { grant_type: 'refresh_token', refresh_token };
  const first = await post('/sandbox/token', spaced, form);
  expect(first.status).toBe(200);
  // Not a plain request, so the engine answers.
  const next = { ...form, refresh_token: String(first.body.refresh_token), resource: fhirBase };
  expect((await post('/sandbox/token', spaced, next)).status).toBe(200);
});

it('revocation ends an access token alone, a refresh token with its grant, and nobody else’s', async () => {
  const state = await system.register(app('patient-access'));
  const stranger = await system.register(app('patient-access'));
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
    (await published('token-revoked')).some(
      (data) =>
        'ends_grant' in data && data.grant_id === tokens.grant_id && data.ends_grant && data.reason === 'app',
    ),
  );
});
