import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { createPublisher, localSigner } from '@payer/events';
import { cloudEvent } from '@payer/smart';
import { eventually } from '@payer/testing';
import { startConsentUnderTest } from '../testing/consent-under-test.js';
import { noticeCases } from '../notices/notices.suite.js';
import { Grants } from './grants.js';

describe('the end of a grant', () => {
  let test: Awaited<ReturnType<typeof startConsentUnderTest>>;
  beforeAll(async () => {
    test = await startConsentUnderTest();
  });
  afterAll(() => test.stop());

  it('lists and ends only own grants, each once, however many ask at the same time', async () => {
    const { go, grantId } = await test.allow({ client_id: 'mine' });
    const { go: other } = await test.allow({ sub: 'sub-2', client_id: 'theirs' });
    const path = `/sandbox/api/grants/${grantId}`;
    expect((await test.browser()('/sandbox/api/grants')).status).toBe(401);
    expect((await other(path, { method: 'DELETE' })).status).toBe(404);
    const { grants } = JSON.parse((await other('/sandbox/api/grants')).text) as {
      grants: { client_id: string }[];
    };
    expect(grants.map(({ client_id }) => client_id)).toEqual(['theirs']);
    const ends = await Promise.all([1, 2, 3].map(() => go(path, { method: 'DELETE' })));
    expect(ends.map(({ status }) => status)).toEqual([204, 204, 204]);
    const revoked = (await test.published('grant-revoked')).filter(({ grant_id }) => grant_id === grantId);
    expect(revoked).toHaveLength(1);
    expect(revoked[0]).toMatchObject({ version: 2, status: 'revoked', revoked_reason: 'member' });
  });

  it('a lever ends the named grants of its own app, and none of another app or of production', async () => {
    const publisher = await createPublisher(test.config, localSigner);
    const own = await test.allow({ client_id: 'levered' });
    const foreign = await test.allow({ client_id: 'foreign' });
    const real = await test.allow({ client_id: 'levered' });
    await test.source.query("UPDATE app_grant SET environment = 'production' WHERE grant_id = $1", [
      real.grantId,
    ]);
    const state = {
      client_id: 'levered',
      version: 50,
      client_name: 'Levered',
      organization: 'Example',
      redirect_uris: [],
      plan: 'patient-access' as const,
      status: 'active' as const,
      environments: ['sandbox' as const],
      require_pkce: false,
      secrets: [],
      tokens_valid_from: null,
      levers: { next_errors: [], ended_grants: [own.grantId, foreign.grantId, real.grantId] },
    };
    const event = cloudEvent('app-updated', state, { id: randomUUID(), time: new Date() });
    await publisher.publishEvents([event]);
    await publisher.close();
    const stateOf = async ({ grantId }: { grantId: string }) => {
      const sql = 'SELECT status, revoked_reason FROM app_grant WHERE grant_id = $1';
      const [row] = (await test.source.query(sql, [grantId])) as object[];
      return row;
    };
    await eventually(async () => JSON.stringify(await stateOf(own)).includes('revoked"'));
    expect(await stateOf(own)).toEqual({ status: 'revoked', revoked_reason: 'developer' });
    for (const other of [foreign, real]) expect(await stateOf(other)).toMatchObject({ revoked_reason: null });
  });

  it('disconnecting an app on the page ends all its grants', async () => {
    const { go } = await test.allow({ sub: 'sub-3', client_id: 'twice' });
    await test.allow({ sub: 'sub-3', client_id: 'twice' }, go);
    expect((await go('/sandbox/')).text).toContain('Disconnect');
    await go('/sandbox/disconnect', { method: 'POST', body: new URLSearchParams({ client_id: 'twice' }) });
    const rows = await test.source.query("SELECT status FROM app_grant WHERE client_id = 'twice'");
    expect(rows).toEqual([{ status: 'revoked' }, { status: 'revoked' }]);
    expect((await go('/sandbox/?disconnected=twice')).text).toContain('is disconnected');
  });

  it('a reused token, a deleted app and the expiry each end a grant once, with the reason, however often the event comes', async () => {
    const publisher = await createPublisher(test.config, localSigner);
    const reused = await test.allow({ client_id: 'reused' });
    const deleted = await test.allow({ client_id: 'deleted' });
    const expired = await test.allow({ client_id: 'expired' });
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
    await publisher.close();
    await test.source.query("UPDATE app_grant SET expires_at = now() WHERE client_id = 'expired'");
    await test.running.app.get(Grants).endExpired();
    for (const [{ grantId }, reason] of [
      [reused, 'token-reuse'],
      [deleted, 'platform'],
      [expired, 'expired'],
    ] as const) {
      const ends = async () =>
        (await test.published('grant-revoked')).filter((data) => data.grant_id === grantId);
      await eventually(async () => (await ends()).length > 0);
      await test.caughtUp();
      expect(await ends()).toMatchObject([{ version: 2, revoked_reason: reason }]);
    }
  });

  noticeCases(() => test);
});
