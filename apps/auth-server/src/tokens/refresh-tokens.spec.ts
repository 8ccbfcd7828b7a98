import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { sha256 } from '@payer/service';
import { planRules, type AppState } from '@payer/smart';
import { eventually } from '@payer/testing';
import { decodeJwt } from 'jose';
import { appOf, redirectUri } from '../testing/apps.js';
import { AuthServerUnderTest } from '../testing/auth-server-under-test.js';

describe('refresh tokens', () => {
  const system = new AuthServerUnderTest();
  beforeAll(() => system.start());
  afterAll(() => system.stop());

  const newApp = () => system.register(appOf('patient-access'));
  /** Moves the use of a refresh token into the past, instead of waiting. */
  const letTimePass = (token: string, seconds: number) =>
    system.source.query(
      'UPDATE oidc_artifact SET consumed_at = consumed_at - make_interval(secs => $2) WHERE id_sha256 = $1',
      [sha256(token), seconds],
    );

  /** Keeps a used token within its ten seconds, however long a busy machine takes. */
  const keepRecent = (token: string) => letTimePass(token, -3600);

  it('a refresh that is sent several times gets one successor each time, and the grant lives on', async () => {
    const state = await newApp();
    const { refresh_token = '' } = await system.connect(state);
    const atOnce = await Promise.all([1, 2, 3].map(() => system.refresh(state, refresh_token)));
    await keepRecent(refresh_token);
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
    await keepRecent(refresh_token);
    expect((await system.refresh(state, refresh_token)).status).toBe(400);
    expect((await system.refresh(state, third.refresh_token ?? '')).status).toBe(400);
  });

  it('another app gets nothing for a repeated refresh token, and ends nothing', async () => {
    const state = await newApp();
    const { refresh_token = '' } = await system.connect(state);
    await system.refresh(state, refresh_token);
    await keepRecent(refresh_token);
    expect((await system.refresh(await newApp(), refresh_token)).body.error).toBe('invalid_grant');
    expect((await system.refresh(state, refresh_token)).status).toBe(200);
  });

  it('a request that fails while its refresh token is stored has not used up its code or refresh token', async () => {
    const state = await newApp();
    const { redirect } = await system.authorize(state, {
      scope: planRules['patient-access'].scopes.join(' '),
    });
    const code = redirect.searchParams.get('code') ?? '';
    const exchange = () =>
      system.token(state, { grant_type: 'authorization_code', code, redirect_uri: redirectUri });
    const refuseStorage = (isRefused: boolean) =>
      system.source.query(
        isRefused
          ? `ALTER TABLE oidc_artifact ADD CONSTRAINT full_disk CHECK (model <> 'RefreshToken') NOT VALID`
          : 'ALTER TABLE oidc_artifact DROP CONSTRAINT full_disk',
      );
    const whileRefused = async (request: () => Promise<{ status: number }>) => {
      await refuseStorage(true);
      const { status } = await request().finally(() => refuseStorage(false));
      return status;
    };
    expect(await whileRefused(exchange)).toBeGreaterThanOrEqual(500);
    const { status, body } = await exchange();
    expect(status).toBe(200);
    const refresh = () => system.refresh(state, body.refresh_token ?? '');
    expect(await whileRefused(refresh)).toBeGreaterThanOrEqual(500);
    const [token] = (await system.source.query('SELECT consumed_at FROM oidc_artifact WHERE id_sha256 = $1', [
      sha256(body.refresh_token ?? ''),
    ])) as { consumed_at: Date | null }[];
    expect(token?.consumed_at).toBeNull();
    expect((await refresh()).status).toBe(200);
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

  it('access tokens name when the grant was made and when it ends, before and after a refresh', async () => {
    const state = await newApp();
    const [grant_created_at, grant_expires_at] = [1_700_000_000, Math.floor(Date.now() / 1000) + 86_400];
    const first = await system.connect(state, {}, { grant_created_at, grant_expires_at });
    const { body: second } = await system.refresh(state, first.refresh_token ?? '');
    for (const { access_token = '' } of [first, second]) {
      const claims = decodeJwt(access_token);
      expect(claims.grant_created_at).toBe(grant_created_at);
      expect(Math.abs(Number(claims.grant_expires_at) - grant_expires_at)).toBeLessThanOrEqual(1);
    }
    // A decision of the previous version does not say when the grant was made.
    const { access_token: old = '' } = await system.connect(state);
    expect(Math.abs(Number(decodeJwt(old).grant_created_at) - Date.now() / 1000)).toBeLessThan(60);
  });

  describe('of a grant that has ended', () => {
    const page = (code: string) => ({
      error_code: code,
      error_uri: `http://localhost:4001/docs/errors/${code}`,
    });
    /** The refresh is refused, and says how the grant ended. */
    const refusesFor = async (state: AppState, token: string, code: string) => {
      const { status, body } = await system.refresh(state, token);
      expect({ code, status, body }).toMatchObject({
        status: 400,
        body: { error: 'invalid_grant', ...page(code) },
      });
      expect(body.error_description).not.toBe('');
    };
    const connected = async () => {
      const state = await newApp();
      const grantId = randomUUID();
      const { refresh_token = '' } = await system.connect(state, {}, { grant_id: grantId });
      return { state, grantId, token: refresh_token };
    };

    it.each([
      ['member', 'grant_ended_by_member'],
      ['expired', 'grant_expired'],
      ['platform', 'grant_ended_by_platform'],
      ['restore', 'grant_ended_by_restore'],
    ] as const)('say that consent ended it for the reason "%s"', async (reason, code) => {
      const { state, grantId, token } = await connected();
      const now = new Date().toISOString();
      await system.publish('grant-revoked', {
        grant_id: grantId,
        version: 2,
        environment: 'sandbox',
        sub: 'sub-1',
        patient: 'patient-of-sub-1',
        client_id: state.client_id,
        scope: '',
        status: 'revoked',
        created_at: now,
        expires_at: now,
        revoked_at: now,
        revoked_reason: reason,
      });
      await eventually(
        async () =>
          (await system.source.query('SELECT 1 FROM ended_grant WHERE grant_id = $1', [grantId])).length ===
          1,
      );
      await refusesFor(state, token, code);
      expect((await system.post('/introspect', state, { token })).body).toEqual({ active: false });
      expect((await system.refresh(await newApp(), token)).body).not.toHaveProperty('error_code');
    });

    it('say that its time has passed, before consent does', async () => {
      const { state, token } = await connected();
      await system.source.query(
        `UPDATE oidc_artifact SET payload = payload || '{"exp": 1}' WHERE id_sha256 = $1`,
        [sha256(token)],
      );
      await refusesFor(state, token, 'grant_expired');
    });

    it('say that the app has given one back', async () => {
      const { state, token } = await connected();
      await system.post('/revoke', state, { token });
      await refusesFor(state, token, 'grant_ended_by_app');
    });

    it('say that one was used twice: at the second use, and to the one with its successor', async () => {
      const { state, token } = await connected();
      const { body } = await system.refresh(state, token);
      await letTimePass(token, 11);
      await refusesFor(state, token, 'refresh_token_reused');
      await refusesFor(state, body.refresh_token ?? '', 'refresh_token_reused');
      await refusesFor(state, token, 'refresh_token_reused');
    });

    it('say that the code was used twice', async () => {
      const state = await newApp();
      const { redirect } = await system.authorize(state, {
        scope: planRules['patient-access'].scopes.join(' '),
      });
      const code = redirect.searchParams.get('code') ?? '';
      const exchange = () =>
        system.token(state, { grant_type: 'authorization_code', code, redirect_uri: redirectUri });
      const { refresh_token = '' } = (await exchange()).body;
      for (let time = 0; time < 2; time++)
        expect((await exchange()).body).toMatchObject({ error: 'invalid_grant', ...page('code_reused') });
      await refusesFor(state, refresh_token, 'code_reused');
    });

    it('say nothing of a grant that lives: the app is suspended, and the token works after that', async () => {
      const { state, token } = await connected();
      await system.publish('app-suspended', { ...state, version: 2, status: 'suspended', environments: [] });
      await system.applied(state.client_id, 2);
      expect(await system.refresh(state, token)).toMatchObject({
        status: 400,
        body: { error: 'unauthorized_client', ...page('app_suspended') },
      });
      await system.publish('app-updated', { ...state, version: 3 });
      expect((await system.refresh(state, token)).status).toBe(200);
    });

    it('are announced: the token response says when the grant ends', async () => {
      const end = Math.floor(Date.now() / 1000) + 1234;
      const state = await newApp();
      const first = await system.connect(state, {}, { grant_expires_at: end });
      const second = await system.refresh(state, first.refresh_token ?? '');
      for (const { grant_expires_at = '' } of [first, second.body])
        // The engine counts the seconds from the storage of the grant on.
        expect(Math.abs(Date.parse(grant_expires_at) / 1000 - end)).toBeLessThan(60);
    });
  });
});
