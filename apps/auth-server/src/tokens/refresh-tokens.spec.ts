import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sha256 } from '@payer/service';
import { decodeJwt } from 'jose';
import { appOf } from '../testing/apps.js';
import { AuthServerUnderTest } from '../testing/auth-server-under-test.js';

describe('refresh tokens', () => {
  const system = new AuthServerUnderTest();
  beforeAll(() => system.start(), 60_000);
  afterAll(() => system.stop());

  const newApp = () => system.register(appOf('patient-access'));
  /** Moves the use of a refresh token into the past, instead of waiting. */
  const letTimePass = (token: string, seconds: number) =>
    system.source.query(
      'UPDATE oidc_artifact SET consumed_at = consumed_at - make_interval(secs => $2) WHERE id_sha256 = $1',
      [sha256(token), seconds],
    );

  it('a refresh that is sent several times gets one successor each time, and the grant lives on', async () => {
    const state = await newApp();
    const { refresh_token = '' } = await system.connect(state);
    const atOnce = await Promise.all([1, 2, 3].map(() => system.refresh(state, refresh_token)));
    const later = await system.refresh(state, refresh_token);
    const answers = [...atOnce, later];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const successors = new Set(answers.map(({ body }) => body.refresh_token));
    expect(successors.size).toBe(1);
    expect(successors.has(refresh_token)).toBe(false);
    expect((await system.refresh(state, [...successors][0] ?? '')).status).toBe(200);
  });

  it('a refresh token that is sent again after ten seconds ends the grant', async () => {
    const state = await newApp();
    const { refresh_token = '' } = await system.connect(state);
    const { body: successor } = await system.refresh(state, refresh_token);
    await letTimePass(refresh_token, 11);
    const reused = await system.refresh(state, refresh_token);
    expect(reused).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(reused.body.error_description).toContain('used before');
    expect((await system.refresh(state, successor.refresh_token ?? '')).status).toBe(400);
  });

  it('a refresh token that is sent again after the use of its successor ends the grant', async () => {
    const state = await newApp();
    const { refresh_token = '' } = await system.connect(state);
    const { body: second } = await system.refresh(state, refresh_token);
    const { body: third } = await system.refresh(state, second.refresh_token ?? '');
    expect((await system.refresh(state, refresh_token)).status).toBe(400);
    expect((await system.refresh(state, third.refresh_token ?? '')).status).toBe(400);
  });

  it('another app gets nothing for a repeated refresh token, and ends nothing', async () => {
    const state = await newApp();
    const { refresh_token = '' } = await system.connect(state);
    await system.refresh(state, refresh_token);
    expect((await system.refresh(await newApp(), refresh_token)).body.error).toBe('invalid_grant');
    expect((await system.refresh(state, refresh_token)).status).toBe(200);
  });

  it('a rotated refresh token is not active, and still revokes its grant', async () => {
    const state = await newApp();
    const { refresh_token = '' } = await system.connect(state);
    const { body } = await system.refresh(state, refresh_token);
    const active = async (token = '') => (await system.post('/introspect', state, { token })).body.active;
    expect([await active(refresh_token), await active(body.refresh_token)]).toEqual([false, true]);
    expect((await system.post('/revoke', state, { token: refresh_token })).status).toBe(200);
    expect([await active(body.access_token), await active(body.refresh_token)]).toEqual([false, false]);
    expect((await system.refresh(state, body.refresh_token ?? '')).status).toBe(400);
  });

  it.each(['access_token', 'refresh_token'] as const)(
    'the %s of another app cannot be revoked',
    async (kind) => {
      const state = await newApp();
      const tokens = await system.connect(state);
      const answer = await system.post('/revoke', await newApp(), { token: tokens[kind] ?? '' });
      expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
      expect((await system.post('/introspect', state, { token: tokens[kind] ?? '' })).body.active).toBe(true);
    },
  );

  it('a resource server does not take a refresh token for an access token', async () => {
    const state = await newApp();
    const tokens = await system.connect(state);
    const asServer = (token = '') =>
      system.post(
        '/introspect',
        state,
        { token },
        { authorization: `Bearer ${system.config.INTROSPECTION_TOKEN}` },
      );
    expect((await asServer(tokens.access_token)).body.active).toBe(true);
    expect((await asServer(tokens.refresh_token)).body).toEqual({ active: false });
  });

  it('the id_token of a refresh has no nonce', async () => {
    const state = await newApp();
    const first = await system.connect(state, { nonce: 'n-1' });
    const { body } = await system.refresh(state, first.refresh_token ?? '');
    expect(decodeJwt(first.id_token ?? '').nonce).toBe('n-1');
    expect(decodeJwt(body.id_token ?? '')).not.toHaveProperty('nonce');
  });

  it('access tokens name the sensitive kinds that the member opened, before and after a refresh', async () => {
    const state = await newApp();
    const first = await system.connect(state, {}, { sensitive: ['hiv', 'mentalHealth', 'unknown'] });
    const { body: second } = await system.refresh(state, first.refresh_token ?? '');
    for (const { access_token = '' } of [first, second])
      expect(decodeJwt(access_token).sensitive).toEqual(['hiv', 'mentalHealth']);
    const plain = await system.connect(state);
    expect(decodeJwt(plain.access_token ?? '')).not.toHaveProperty('sensitive');
  });
});
