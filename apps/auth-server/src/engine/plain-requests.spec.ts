import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { Batches } from '@payer/service';
import type { AppState } from '@payer/smart';
import { appOf } from '../testing/apps.js';
import { EventFreshness } from '../event-freshness.js';
import { AuthServerUnderTest, type OAuthAnswer } from '../testing/auth-server-under-test.js';

/** Each path makes its own kind of `jti`, so a test sees which one has answered. */
const plainJti = /^[0-9a-f]{8}-/;

/** A parameter that the engine ignores. A plain form has none. */
const exception = { unknown: 'parameter' };

const differing = ['date', 'x-request-id', 'content-length', 'ratelimit'];

/** An answer without the values that differ from one answer to the next. */
function comparable({ status, headers, body }: OAuthAnswer) {
  const { access_token = '', id_token = '', refresh_token, ...rest } = body;
  const parts = (token: string) => {
    if (!token) return undefined;
    const { jti, iat, exp, ...claims } = decodeJwt(token);
    return { header: decodeProtectedHeader(token), claims, lifetime: exp! - iat!, hasJti: jti !== undefined };
  };
  return {
    status,
    headers: Object.fromEntries([...headers].filter(([name]) => !differing.includes(name))),
    limits: headers.get('ratelimit')?.replace(/[rt]=\d+/g, ''),
    access: parts(access_token),
    id: parts(id_token),
    hasRefreshToken: refresh_token !== undefined,
    rest,
  };
}

describe.each(['RS256', 'ES256'])('plain token requests with access tokens of %s', (algorithm) => {
  const system = new AuthServerUnderTest();
  const registered = (plan: 'provider-directory' | 'patient-access', more: Partial<AppState> = {}) =>
    system.register(appOf(plan, more));
  const jtiOf = ({ body }: OAuthAnswer) => String(decodeJwt(body.access_token ?? '').jti);
  beforeAll(() => system.start({ ACCESS_TOKEN_ALGORITHM: algorithm }), 60_000);
  afterAll(() => system.stop());

  it('client credentials are answered as the engine answers them', async () => {
    const state = await registered('provider-directory');
    for (const scope of ['system/*.rs', 'openid fhirUser system/*.rs']) {
      const form = { grant_type: 'client_credentials', scope };
      // The first request of a new app waits for its event at the engine.
      await system.token(state, form);
      const plain = await system.token(state, form);
      const engine = await system.token(state, { ...form, ...exception });
      expect(comparable(plain)).toEqual(comparable(engine));
      expect([plainJti.test(jtiOf(plain)), plainJti.test(jtiOf(engine))]).toEqual([true, false]);
    }
  });

  it.each([
    ['a plain grant', {}, {}],
    ['sensitive kinds', {}, { sensitive: ['mental-health'] }],
    ['the times of the consent', {}, { grant_created_at: 1_700_000_000 }],
    ['a tolerated scope', { scope: 'openid fhirUser launch/patient patient/*.rs offline_access' }, {}],
  ])('a refresh is answered and stored as by the engine: %s', async (_case, asked, decided) => {
    const state = await registered('patient-access');
    // Later than any access token: a grant that ends earlier would shorten the second token by a second.
    const grant_expires_at = Math.floor(Date.now() / 1000) + 86_400;
    const tokens = await system.connect(state, asked, { grant_expires_at, ...decided });
    const plain = await system.refresh(state, tokens.refresh_token ?? '');
    const afterPlain = await system.refresh(state, plain.body.refresh_token ?? '', exception);
    expect(plain.status).toBe(200);
    expect(comparable(plain)).toEqual(comparable(afterPlain));
    expect([plainJti.test(jtiOf(plain)), plainJti.test(jtiOf(afterPlain))]).toEqual([true, false]);
    const rows = (await system.source.query(
      `SELECT payload - 'iat' - 'exp' - 'rotations' AS payload, (payload->>'rotations')::int AS rotations,
              round(extract(epoch FROM expires_at - to_timestamp((payload->>'exp')::int)) / 60) AS kept
       FROM oidc_artifact WHERE model = 'RefreshToken' AND payload->>'clientId' = $1
       ORDER BY rotations OFFSET 1`,
      [state.client_id],
    )) as { payload: object; rotations: number; kept: string }[];
    expect(rows.map(({ rotations }) => rotations)).toEqual([1, 2]);
    expect(rows[0]!.payload).toEqual(rows[1]!.payload);
    expect(rows[0]!.kept).toEqual(rows[1]!.kept);
  });

  it('a refresh token that was used up plainly is used up, and its reuse ends the grant', async () => {
    const state = await registered('patient-access');
    const { refresh_token = '' } = await system.connect(state);
    const first = await system.refresh(state, refresh_token);
    const repeated = await system.refresh(state, refresh_token);
    expect([first.status, repeated.status]).toEqual([200, 200]);
    expect(repeated.body.refresh_token).toBe(first.body.refresh_token);
    const second = await system.refresh(state, first.body.refresh_token ?? '');
    expect(second.status).toBe(200);
    expect((await system.refresh(state, refresh_token)).body.error).toBe('invalid_grant');
    expect((await system.refresh(state, second.body.refresh_token ?? '')).body.error).toBe('invalid_grant');
  });

  it('a refresh that was stored and came too late is refused with 503, and can be repeated', async () => {
    const state = await registered('patient-access');
    const { refresh_token: live = '' } = await system.connect(state);
    const late = vi.spyOn(EventFreshness.prototype, 'decide').mockImplementationOnce(async (decision) => {
      await decision();
      return false;
    });
    const refused = await system.refresh(state, live);
    late.mockRestore();
    expect([refused.status, refused.body.error]).toEqual([503, 'temporarily_unavailable']);
    expect(refused.headers.get('retry-after')).toBe('5');
    expect((await system.refresh(state, live)).status).toBe(200);
  });

  it.each([
    ['a statement that took too long', '57014'],
    ['a database that is shutting down', '57P01'],
    ['a database that is busy', '53000'],
  ])('a refresh that fails for %s is answered with 503, and can be repeated', async (reason, code) => {
    const state = await registered('patient-access');
    const { refresh_token: live = '' } = await system.connect(state);
    const add = vi.spyOn(Batches.prototype, 'add');
    for (const more of [{}, exception]) {
      add.mockRejectedValueOnce(Object.assign(new Error(reason), { code }));
      const refused = await system.refresh(state, live, more);
      expect([refused.status, refused.body.error]).toEqual([503, 'temporarily_unavailable']);
      expect(refused.headers.get('retry-after')).toBe('5');
    }
    add.mockRestore();
    expect((await system.refresh(state, live)).status).toBe(200);
  });

  it('of many plain refreshes with one token, all get the same successor', async () => {
    const state = await registered('patient-access');
    const { refresh_token = '' } = await system.connect(state);
    const answers = await Promise.all(Array.from({ length: 8 }, () => system.refresh(state, refresh_token)));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1);
  });

  it('an app with key-bound tokens is never answered plainly', async () => {
    const state = await registered('provider-directory', { dpop_bound_access_tokens: true });
    const form = { grant_type: 'client_credentials', scope: 'system/*.rs' };
    expect((await system.token(state, form)).body.error).toBe('invalid_dpop_proof');
    expect((await system.token(state, form)).body.error).toBe('invalid_dpop_proof');
  });
});
