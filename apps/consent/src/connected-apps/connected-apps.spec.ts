import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { grantEndReasons, isTypeOfGrant, resourceTypesOfPlan } from '@payer/smart';
import { languages } from '@payer/ui';
import { Grants } from '../grants/grants.js';
import { startConsentUnderTest, type Browser } from '../testing/consent-under-test.js';

const openedTypes = [...resourceTypesOfPlan['patient-access']].filter((type) => !isTypeOfGrant(type)).sort();

type Under = Awaited<ReturnType<typeof startConsentUnderTest>>;

describe('connected apps', () => {
  let test: Under;
  beforeAll(async () => {
    test = await startConsentUnderTest();
  });
  afterAll(() => test.stop());

  const post = (go: Browser, path: string, fields: Record<string, string> = {}) =>
    go(`/sandbox/${path}`, { method: 'POST', body: new URLSearchParams(fields) });
  const page = async (go: Browser, query = '') => (await go(`/sandbox/${query}`)).text;
  const rowOf = async (grantId: string) =>
    (await test.source.query('SELECT * FROM app_grant WHERE grant_id = $1', [grantId]))[0];

  it('the page and the API give an app the same name, the one of today', async () => {
    const { go } = await test.allow({ sub: 'named', client_id: 'named', client_name: 'Old Name' });
    await test.knowApp('named', { client_name: 'New Name', organization: 'New Owner' });
    const { grants } = JSON.parse((await go('/sandbox/api/grants')).text);
    expect(grants).toMatchObject([{ client_name: 'New Name', organization: 'New Owner' }]);
    expect(await page(go)).toContain('New Name');
    await post(go, 'disconnect', { client_id: 'named' });
    for (const text of [await page(go), (await go('/sandbox/api/grants')).text]) {
      expect(text).toContain('New Name');
      expect(text).not.toContain('Old Name');
    }
  });

  it('the production page names an app as it was reviewed, the sandbox page as it is', async () => {
    const reviewed = {
      client_name: 'Reviewed Name',
      organization: 'Reviewed Owner',
      redirect_hosts: [],
      policy_uri: null,
      tos_uri: null,
    };
    const { grantId } = await test.allow({ sub: 'reviewed', client_id: 'reviewed' });
    await test.knowApp('reviewed', { client_name: 'Your Bank', organization: 'Nobody', reviewed });
    const grants = new Grants(test.source);
    const reviewer = { sub: 'reviewed', patient: 'p1' };
    expect(await grants.ofMember('sandbox', reviewer)).toMatchObject([{ client_name: 'Your Bank' }]);
    await test.source.query("UPDATE app_grant SET environment = 'production' WHERE grant_id = $1", [grantId]);
    expect(await grants.ofMember('production', reviewer)).toMatchObject([
      { client_name: 'Reviewed Name', organization: 'Reviewed Owner' },
    ]);
  });

  it('a paused app can see nothing, and the page says so', async () => {
    const { go } = await test.allow({ sub: 'paused', client_id: 'paused' });
    expect(await page(go)).toContain(languages.en['type.Condition']);
    await test.knowApp('paused', { status: 'suspended' });
    const text = await page(go);
    expect(text).toContain('Paused by your plan');
    expect(text).not.toContain(languages.en['type.Condition']);
  });

  it('every reason for an end is explained in both languages', async () => {
    const { go } = await test.allow({ sub: 'reasons' });
    for (const reason of grantEndReasons) {
      const { grantId } = await test.allow({ sub: 'reasons', client_id: `for-${reason}` }, go);
      await test.source.query(
        "UPDATE app_grant SET status = 'revoked', revoked_at = now(), revoked_reason = $2 WHERE grant_id = $1",
        [grantId, reason],
      );
    }
    for (const language of ['en', 'es'] as const) {
      await go(`/sandbox/?lang=${language}`);
      const text = await page(go);
      for (const reason of grantEndReasons) expect(text).toContain(languages[language][`ended.${reason}`]);
    }
  });

  it('a disconnection asks once, shows its time, and the second press shows the same', async () => {
    const { go, grantId } = await test.allow({ sub: 'asked', client_id: 'asked' });
    const text = await page(go);
    expect(text).toMatch(/popover="auto"[^>]*role="dialog".*Stop .*\?.*Disconnect .* now/s);
    const presses = await Promise.all([1, 2, 3].map(() => post(go, 'disconnect', { client_id: 'asked' })));
    expect(new Set(presses.map(({ location }) => location))).toEqual(
      new Set(['/sandbox/?disconnected=asked']),
    );
    const { revoked_at } = await rowOf(grantId);
    const done = await page(go, '?disconnected=asked');
    expect(done).toContain('is disconnected');
    expect(done).toContain(`We stopped it at <time datetime="${revoked_at.toISOString()}" data-show="time">`);
    // Times name their zone. Without scripts it is the plan's zone.
    expect(done).toMatch(/data-show="time">\d+:\d\d\s[AP]M E[SD]T<\/time>/);
    expect((await test.published('grant-revoked')).filter((end) => end.grant_id === grantId)).toHaveLength(1);
  });

  it('the notice says only what the grants bear out', async () => {
    const { go } = await test.allow({ sub: 'claims', client_id: 'claims' });
    for (const query of [
      '?disconnected=claims',
      '?disconnected-all',
      '?disconnected=unknown',
      '?shortened=x',
    ])
      expect(await page(go, query)).not.toMatch(/is disconnected|are disconnected|ends sooner now/);
  });

  it('all apps can be disconnected at once, and nobody else’s', async () => {
    const { go } = await test.allow({ sub: 'all', client_id: 'all-1' });
    await test.allow({ sub: 'all', client_id: 'all-2' }, go);
    const { grantId: foreign } = await test.allow({ sub: 'all-other', client_id: 'all-1' });
    const { location } = await post(go, 'disconnect-all');
    expect((await post(go, 'disconnect-all')).location).toBe(location);
    expect((await go(location)).text).toMatch(/All apps are disconnected.*We stopped them at <time/s);
    expect(await page(go)).toContain('No app is connected');
    expect(await test.statusOf(foreign)).toBe('active');
  });

  it('an end can be made sooner, never later, by its member only, and comes at its time', async () => {
    const { go, grantId } = await test.allow({ sub: 'short', client_id: 'short' });
    const { grantId: foreign } = await test.allow({ sub: 'short-other', client_id: 'short' });
    const before = await rowOf(grantId);
    for (const days of ['0', '365', 'x', '']) await post(go, 'shorten', { client_id: 'short', days });
    expect((await rowOf(grantId)).expires_at).toEqual(before.expires_at);
    const { location } = await post(go, 'shorten', { client_id: 'short', days: '30' });
    const first = await rowOf(grantId);
    expect((first.expires_at - Date.now()) / 86_400_000).toBeCloseTo(30, 1);
    expect(first.granted_until).toEqual(before.expires_at);
    expect((await go(location)).text).toContain('ends sooner now');
    await post(go, 'shorten', { client_id: 'short', days: '30' });
    expect((await rowOf(grantId)).expires_at).toEqual(first.expires_at);
    expect((await rowOf(foreign)).granted_until).toBeNull();
    const published = (await test.published('grant-shortened')).filter(
      ({ grant_id }) => grant_id === grantId,
    );
    expect(published).toMatchObject([{ client_id: 'short', expires_at: first.expires_at.toISOString() }]);
    await test.source.query('UPDATE app_grant SET expires_at = now() WHERE grant_id = $1', [grantId]);
    await test.waitFor(async () => (await test.statusOf(grantId)) === 'revoked');
    const ends = async () =>
      (await test.published('grant-revoked')).filter(({ grant_id }) => grant_id === grantId);
    await test.waitFor(async () => (await ends()).length === 1);
    const [end] = await ends();
    // Services keep the revocation until the last token of the original, longer grant has expired.
    expect(end).toMatchObject({ revoked_reason: 'expired', expires_at: before.expires_at.toISOString() });
  });

  it('a receipt says what was allowed and what became of it, is signed, and is for its member only', async () => {
    const { go, grantId } = await test.allow({ sub: 'receipt', client_id: 'receipt' });
    await post(go, 'disconnect', { client_id: 'receipt' });
    const answer = await go(`/sandbox/receipts/${grantId}`);
    expect(answer.headers.get('content-disposition')).toBe(
      `attachment; filename="consent-receipt-${grantId}.json"`,
    );
    const { receipt, signed } = JSON.parse(answer.text);
    const keys = createRemoteJWKSet(new URL(`${test.running.url}/jwks`));
    const { payload } = await jwtVerify(signed, keys, {
      issuer: 'http://localhost:4002/sandbox/',
      audience: 'http://localhost:4000/sandbox',
      typ: 'consent-receipt+jwt',
    });
    expect(payload).toMatchObject({ ...receipt, sub: 'receipt', jti: grantId });
    const types = receipt.pii_processing[0].pii_information.flatMap(
      ({ resource_types }: { resource_types: string[] }) => resource_types,
    );
    expect([...new Set(types)].sort()).toEqual(openedTypes);
    expect(receipt.event.map(({ event_state }: { event_state: string }) => event_state)).toEqual([
      'consent_given',
      'consent_withdrawn',
    ]);
    expect(answer.text).not.toContain('Maria');
    const { go: other } = await test.allow({ sub: 'receipt-other' });
    expect((await other(`/sandbox/receipts/${grantId}`)).status).toBe(400);
    expect((await go(`/production/receipts/${grantId}`)).status).toBe(303);
    expect((await test.browser()(`/sandbox/receipts/${grantId}`)).status).toBe(303);
  });

  it('a receipt names the privacy notice that the member found, and a FHIR Consent says the same', async () => {
    const uris = { policy_uri: 'https://app.example/privacy', tos_uri: 'https://app.example/terms' };
    const { go, grantId } = await test.allow({ sub: 'fhir', client_id: 'fhir', ...uris });
    const { receipt } = JSON.parse((await go(`/sandbox/receipts/${grantId}`)).text);
    expect(receipt).toMatchObject({ privacy_notice: uris.policy_uri, terms_of_service: uris.tos_uri });
    const path = `/sandbox/receipts/${grantId}/fhir`;
    expect((await go('/sandbox/')).text).toContain(path);
    const answer = await go(path);
    expect(answer.headers.get('content-type')).toMatch('application/fhir+json');
    const consent = JSON.parse(answer.text);
    expect(consent).toMatchObject({
      resourceType: 'Consent',
      id: grantId,
      status: 'active',
      patient: { reference: 'http://localhost:4003/sandbox/interop/external/fhir/Patient/p1' },
      provision: { type: 'permit', actor: [{ reference: { identifier: { value: 'fhir' } } }] },
    });
    const types = consent.provision.class.map(({ code }: { code: string }) => code);
    expect([...new Set(types)].sort()).toEqual(openedTypes);
    const denied = consent.provision.provision[0].securityLabel.map(({ code }: { code: string }) => code);
    expect(denied).toEqual(expect.arrayContaining(['HIV', 'MH', 'SUD', 'SEX']));
    expect(answer.text).not.toContain('Maria');
    await post(go, 'disconnect', { client_id: 'fhir' });
    const ended = JSON.parse((await go(path)).text);
    expect(ended.status).toBe('inactive');
    expect(Date.parse(ended.provision.period.end)).toBeLessThan(Date.parse(consent.provision.period.end));
    const { go: other } = await test.allow({ sub: 'fhir-other' });
    expect((await other(path)).status).toBe(400);
    expect((await test.browser()(path)).status).toBe(303);
  });

  it.each(['disconnect', 'disconnect-all', 'shorten'])('%s takes no form of another site', async (path) => {
    const { go, grantId } = await test.allow({ sub: 'forged', client_id: 'forged' });
    const forged = await go(`/sandbox/${path}`, {
      method: 'POST',
      headers: { origin: 'https://evil.example' },
      body: new URLSearchParams({ client_id: 'forged', days: '1' }),
    });
    expect(forged.status).toBe(403);
    expect(await rowOf(grantId)).toMatchObject({ status: 'active', granted_until: null });
  });
});
