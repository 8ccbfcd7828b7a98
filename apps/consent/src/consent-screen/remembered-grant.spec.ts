import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeJwt } from 'jose';
import { eventually } from '@payer/testing';
import { startConsentUnderTest, type Browser } from '../testing/consent-under-test.js';

const seconds = () => Math.floor(Date.now() / 1000);

describe('a grant that stands', () => {
  let test: Awaited<ReturnType<typeof startConsentUnderTest>>;
  beforeAll(async () => {
    test = await startConsentUnderTest();
  });
  afterAll(() => test.stop());

  const policy_uri = 'https://app.example/privacy';
  /** The member has just signed in, in any browser. */
  const request = (clientId: string, more: Record<string, unknown> = {}) => ({
    sub: `member-of-${clientId}`,
    client_id: clientId,
    policy_uri,
    auth_time: seconds(),
    ...more,
  });
  async function connect(clientId: string, more: Record<string, unknown> = {}, go = test.browser()) {
    const step = await go(`/sandbox/consent?request=${await test.ask(go, request(clientId, more))}`);
    expect(step.status).toBe(303);
    return { go, location: step.location, isAsked: step.location.startsWith('/sandbox/consent/') };
  }
  const decisionOf = (location: string) => decodeJwt(new URL(location).searchParams.get('decision') ?? '');
  const rowsOf = (clientId: string) =>
    test.source.query('SELECT * FROM app_grant WHERE client_id = $1 ORDER BY created_at', [clientId]);
  const post = (go: Browser, path: string, fields: Record<string, string>) =>
    go(path, { method: 'POST', body: new URLSearchParams(fields) });

  it('answers the same request without a question, in any browser, and keeps its end', async () => {
    const { grantId } = await test.allow(request('again'));
    const { isAsked, location, go } = await connect('again');
    expect(isAsked).toBe(false);
    const decision = decisionOf(location);
    expect(decision).toMatchObject({ decision: 'allow', client_id: 'again' });
    const [first, second] = await rowsOf('again');
    expect([first.grant_id, second.grant_id]).toEqual([grantId, decision.grant_id]);
    expect(second.expires_at).toEqual(first.expires_at);
    expect(decision.grant_expires_at).toBe(Math.floor(first.expires_at.getTime() / 1000));
    await eventually(async () => (await test.statusOf(second.grant_id)) === 'active');
    const audited = await test.source.query(
      "SELECT detail FROM audit_entry WHERE grant_id = $1 AND action = 'grant-allowed'",
      [second.grant_id],
    );
    expect(audited).toMatchObject([{ detail: { continues: grantId } }]);
    // The member still finds one app, and can stop it.
    expect((await go('/sandbox/')).text.match(/class="app-name"/g)).toHaveLength(1);
    await post(go, '/sandbox/disconnect', { client_id: 'again' });
    expect((await rowsOf('again')).map(({ status }: { status: string }) => status)).toEqual([
      'revoked',
      'revoked',
    ]);
    expect((await connect('again')).isAsked).toBe(true);
  });

  it('a shortened grant is continued until its new end', async () => {
    const { go } = await test.allow(request('shortened'));
    await post(go, '/sandbox/shorten', { client_id: 'shortened', days: '1' });
    const { location } = await connect('shortened');
    expect(Number(decisionOf(location).grant_expires_at)).toBeLessThanOrEqual(seconds() + 86_400);
  });

  it.each([
    ['name', { client_name: 'Another name' }],
    ['organization', { organization: 'Another Inc' }],
    ['lost organization', { organization: undefined }],
    ['privacy policy', { policy_uri: 'https://app.example/privacy-2' }],
    ['lost privacy policy', { policy_uri: undefined }],
    ['terms', { tos_uri: 'https://app.example/terms' }],
    ['patient', { patient: 'p2' }],
    ['wish for a question', { ask_again: true }],
    ['old sign-in', { auth_time: 1 }],
  ])('asks again after a change: %s', async (name, change) => {
    const clientId = name.replaceAll(/\W/g, '');
    await test.allow(request(clientId));
    expect((await connect(clientId, change)).isAsked).toBe(true);
    expect((await connect(clientId)).isAsked).toBe(false);
  });

  it.each([
    ['ended', "status = 'revoked', revoked_at = now(), revoked_reason = 'member'"],
    ['expired', "expires_at = now() - interval '1 s', status = 'active'"],
    ['almost over', "expires_at = now() + interval '30 s'"],
    ['not redeemed', "status = 'pending'"],
    ['of a plan that opened less', `agreed_to = jsonb_set(agreed_to, '{types}', '["Patient"]')`],
    ['of an earlier version', 'agreed_to = NULL'],
    ['of another scope', "scope = 'openid'"],
    ['of another environment', "environment = 'production'"],
    ['of another member', "sub = 'somebody-else'"],
  ])('does not answer when it is %s', async (name, change) => {
    const clientId = name.replaceAll(/\W/g, '');
    const { grantId } = await test.allow(request(clientId));
    if (name === 'not redeemed') test.state.unredeemed.add(grantId);
    await test.source.query(`UPDATE app_grant SET ${change} WHERE grant_id = $1`, [grantId]);
    expect((await connect(clientId)).isAsked).toBe(true);
  });

  it('asks again when the app has lost its attestation, and not when it has won one', async () => {
    const attest = (attested: boolean) =>
      test.source.query(
        "UPDATE app_model SET state = state || jsonb_build_object('attested', $1::boolean) WHERE client_id = 'attested'",
        [attested],
      );
    await test.knowApp('attested', { attested: false });
    await test.allow(request('attested'));
    for (const attested of [true, false]) {
      await attest(attested);
      expect((await connect('attested')).isAsked).toBe(false);
    }
    await attest(true);
    await test.allow(request('attested', { ask_again: true }));
    expect((await connect('attested')).isAsked).toBe(false);
    await attest(false);
    expect((await connect('attested')).isAsked).toBe(true);
  });

  it('gives way to a later no', async () => {
    await test.allow(request('later-no'));
    const { go, location } = await connect('later-no', { ask_again: true });
    await test.answer(go, location, 'deny');
    expect((await connect('later-no')).isAsked).toBe(true);
    await test.allow(request('later-no', { ask_again: true }));
    expect((await connect('later-no')).isAsked).toBe(false);
  });

  it('is not continued by a request that is used twice, or by another browser', async () => {
    await test.allow(request('replayed'));
    const go = test.browser();
    const token = await test.ask(go, request('replayed'));
    expect((await test.browser()(`/sandbox/consent?request=${token}`)).status).toBe(400);
    expect((await go(`/sandbox/consent?request=${token}`)).status).toBe(303);
    expect((await go(`/sandbox/consent?request=${token}`)).status).toBe(400);
    expect(await rowsOf('replayed')).toHaveLength(2);
  });

  it('ends with all its continuations, however many come while the member disconnects the app', async () => {
    const { go } = await test.allow(request('racing'));
    const connects = Array.from({ length: 8 }, () => connect('racing'));
    await post(go, '/sandbox/disconnect', { client_id: 'racing' });
    await Promise.all(connects);
    expect(
      await test.source.query("SELECT 1 FROM app_grant WHERE client_id = 'racing' AND status <> 'revoked'"),
    ).toEqual([]);
  });
});
