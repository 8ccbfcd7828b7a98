import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServiceIdentity } from '@payer/service';
import { type ServiceName } from '@payer/smart';
import { eventually } from '@payer/testing';
import { startConsentUnderTest, type Browser } from '../testing/consent-under-test.js';

describe('the redemption of a grant', () => {
  let test: Awaited<ReturnType<typeof startConsentUnderTest>>;
  beforeAll(async () => {
    test = await startConsentUnderTest();
  });
  afterAll(() => test.stop());

  it('a yes whose answer never reaches auth-server gives no access and ends by itself', async () => {
    const seen = async (go: Browser) => {
      const { grants } = JSON.parse((await go('/sandbox/api/grants')).text) as {
        grants: { grant_id: string; status: string; revoked_reason: string }[];
      };
      return grants;
    };
    test.state.isAuthServerAway = true;
    const { go, grantId } = await test.allowOnly({ sub: 'sub-lost', client_id: 'lost' });
    const kept = await test.allowOnly({ sub: 'sub-kept', client_id: 'kept' });
    test.state.unredeemed.add(grantId);
    // While the redemption is unknown, the member sees both grants and can revoke them.
    expect(await seen(go)).toMatchObject([{ grant_id: grantId, status: 'pending' }]);
    expect((await kept.go('/sandbox/')).text).toMatch(/Not confirmed yet.*Disconnect/s);
    await test.source.query(
      "UPDATE app_grant SET confirm_by = now() - interval '1 s' WHERE status = 'pending'",
    );
    const { redemptionChecks } = test.state;
    await eventually(() => Promise.resolve(test.state.redemptionChecks > redemptionChecks + 1));
    expect(await test.statusOf(grantId)).toBe('pending');
    await test.source.query(
      "UPDATE app_grant SET confirm_by = now() + interval '3 min' WHERE status = 'pending'",
    );

    test.state.isAuthServerAway = false;
    // A member who opens the page sees it at once, whatever state the log is in.
    expect(await seen(kept.go)).toMatchObject([{ grant_id: kept.grantId, status: 'active' }]);
    expect(await seen(go)).toEqual([]);
    expect((await go('/sandbox/')).text).toContain('No app is connected');
    await test.source.query("UPDATE app_grant SET confirm_by = now() - interval '1 s' WHERE grant_id = $1", [
      grantId,
    ]);
    await eventually(async () => (await test.statusOf(grantId)) === 'revoked');
    expect(await seen(go)).toMatchObject([{ status: 'revoked', revoked_reason: 'expired' }]);
    expect((await go('/sandbox/')).text).toContain('The app never came back for your answer');
    await test.caughtUp();
    expect((await test.published('grant-created')).map(({ grant_id }) => grant_id)).not.toContain(grantId);
    const actions = await test.source.query(
      'SELECT action FROM audit_entry WHERE grant_id = $1 ORDER BY at',
      [grantId],
    );
    expect(actions).toEqual([{ action: 'grant-allowed' }, { action: 'grant-revoked' }]);
    // A late redemption is not accepted.
    test.state.unredeemed.delete(grantId);
    await seen(go);
    expect(await test.statusOf(grantId)).toBe('revoked');
  });

  it('a pending grant counts as alive for services that have seen its token, and its member can end it', async () => {
    const { go, grantId } = await test.allowOnly({ sub: 'sub-early', client_id: 'early' });
    test.state.unredeemed.add(grantId);
    await test.source.query("UPDATE app_grant SET status = 'pending' WHERE grant_id = $1", [grantId]);
    const as = async (caller: ServiceName) => ({
      authorization: await ServiceIdentity.of(caller, test.config).authorizationFor('consent'),
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
    expect((await test.published('grant-revoked')).map(({ grant_id }) => grant_id)).toContain(grantId);
  });
});
