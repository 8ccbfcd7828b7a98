import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { certifiedKey } from '@payer/testing/saml';
import { readConfig } from '../config.js';
import { parseMemberProviders } from '../member-provider-rules/provider-rules.js';
import { logoutCases } from './openid/openid-logout.suite.js';
import { Leavings } from './protocol/leaving.js';
import { encryptionCases } from './saml/encryption.suite.js';
import { samlCases } from './saml/saml-sign-in.suite.js';
import { samlSignOutCases } from './saml/saml-sign-out.suite.js';
import { follow, type Go } from './testing/cookie-browser.js';
import {
  authorizationPath,
  callback,
  entry,
  isConsent,
  ProviderSystem,
  stranger,
} from './testing/provider-system.js';

describe('sign-in at the providers of the plan', () => {
  const system = new ProviderSystem();
  beforeAll(() => system.start());
  afterAll(() => system.stop());
  beforeEach(async () => {
    system.upstream.account = 'alice';
    Object.assign(system.forger, { claims: {}, isSignedByStranger: false, isUnsigned: false });
    await system.resetRosters();
  });

  /** Leaves for the forger, and returns its answer. */
  async function comeBack(go: Go, more: { state?: string; provider?: string } = {}) {
    const { location } = await system.leave(go, 'forger');
    system.forger.nonce = location.searchParams.get('nonce') ?? '';
    const state = more.state ?? location.searchParams.get('state') ?? '';
    const address = `/production/provider-callback/${more.provider ?? 'forger'}?code=x&state=${state}`;
    return { address, step: await go(address) };
  }

  it('leads to the provider with PKCE, state, nonce, acr and language, and back to the consent page', async () => {
    const go = system.browser();
    const { location } = await system.leave(go, 'plan', { ui_locales: 'es', max_age: '60' });
    expect(Object.fromEntries(location.searchParams)).toMatchObject({
      client_id: 'payer',
      redirect_uri: callback('plan'),
      code_challenge_method: 'S256',
      state: expect.any(String),
      nonce: expect.any(String),
      acr_values: 'urn:plan:two-factors',
      ui_locales: 'es',
      max_age: '60',
    });
    const step = await follow(go, location.href, isConsent);
    expect(step.location).toContain('http://localhost:4002/production/consent/begin?interaction=');
    const [audited] = await system.source.query(
      "SELECT sub, detail FROM audit_entry WHERE action = 'signed-in' ORDER BY at DESC LIMIT 1",
    );
    const sub = await system.subOf('plan', 'member-of-alice');
    expect(audited).toEqual({ sub, detail: { provider: 'plan' } });
  });

  it('a person whom the roster does not know gets a kind page, and the app an error', async () => {
    system.upstream.account = 'mallory';
    const go = system.browser();
    const { location } = await system.leave(go, 'plan');
    const { status, text, error } = await system.refused(go, location.href);
    expect(status).toBe(403);
    for (const sentence of ['Your plan is not covered here', 'Nothing was shared', '1-800-555-0100'])
      expect(text).toContain(sentence);
    expect(error.get('error')).toBe('access_denied');
    expect(error.get('error_description')).toContain('does not cover this person');
    // A subject of one provider is not a member of another provider.
    await system.roster('plan', [entry('alice')]);
    await system.roster('forger', []);
    const other = system.browser();
    const { step } = await comeBack(other);
    expect((await other(step.location)).text).toContain('Your plan is not covered here');
  });

  it('an honest answer of any provider signs in', async () => {
    const go = system.browser();
    const { step } = await comeBack(go);
    expect((await follow(go, step.location, isConsent)).location).toContain('/consent/begin');
  });

  it.each<[string, object]>([
    ['with another nonce', { claims: { nonce: 'another' } }],
    ['for another client', { claims: { aud: 'another' } }],
    ['of another issuer', { claims: { iss: 'https://evil.example' } }],
    ['that has expired', { claims: { exp: 1 } }],
    ['without a subject', { claims: { sub: undefined } }],
    ['signed by a stranger', { isSignedByStranger: true }],
    ['without a signature', { isUnsigned: true }],
  ])('an id_token %s signs nobody in, and the app learns it', async (_what, change) => {
    const go = system.browser();
    Object.assign(system.forger, change);
    const { step } = await comeBack(go);
    const { status, text, error } = await system.refused(go, step.location);
    expect([status, error.get('error')]).toEqual([400, 'access_denied']);
    expect(text).toContain('Nothing was shared');
    expect(error.get('error_description')).toContain('failed, or its answer was refused');
  });

  it('an answer signs in the browser that left for it only, and only at its own provider', async () => {
    const go = system.browser();
    const { address, step } = await comeBack(go);
    expect(step.status).toBe(303);
    const thief = system.browser();
    await follow(thief, authorizationPath(), () => false);
    for (const other of [thief, system.browser()]) {
      expect((await follow(other, address, isConsent)).status).toBe(400);
      expect((await other(step.location)).status).toBe(400);
    }
    // The right browser, and then the same answer again: both requests lead to the same page.
    const first = (await follow(go, step.location, isConsent)).location;
    expect(first).toContain('/consent/begin');
    expect((await follow(go, address, isConsent)).location).toBe(first);
    for (const more of [{ state: 'another' }, { provider: 'plan' }, { provider: 'unknown' }])
      expect((await comeBack(system.browser(), more)).step.status).toBe(400);
  });

  it('an answer that comes twice at once signs in once', async () => {
    const go = system.browser();
    const { location } = await system.leave(go, 'plan');
    const answer = (await follow(go, location.href, (url) => url.includes('/provider-callback/'))).location;
    const steps = await Promise.all([0, 1].map(() => follow(go, answer, isConsent)));
    // The provider accepts a code once. The slower request may find no sign-in yet, and offers another try.
    expect(steps.some(({ location: end }) => end.includes('/consent/begin'))).toBe(true);
    expect((await follow(go, answer, isConsent)).location).toContain('/consent/begin');
  });

  it.each<[string, number, (tabs: URL[]) => URL[]]>([
    ['two tabs, the first one first', 2, (tabs) => tabs],
    ['two tabs, the last one first', 2, (tabs) => tabs.toReversed()],
    ['twenty tabs, the last one first', 20, (tabs) => tabs.toReversed()],
  ])('a member comes back in %s, and each tab goes on', async (_what, count, order) => {
    const go = system.browser();
    const tabs: URL[] = [];
    while (tabs.length < count) tabs.push((await system.leave(go, 'plan')).location);
    const ends = new Set<string>();
    for (const tab of order(tabs)) {
      const { status, location } = await follow(go, tab.href, isConsent);
      expect([status, location]).toEqual([303, expect.stringContaining('/consent/begin')]);
      ends.add(location);
    }
    // Each tab stands for its own request of an app.
    expect(ends.size).toBe(count);
  });

  it('one request of an app in two tabs goes on in both', async () => {
    const go = system.browser();
    const page = await follow(go, authorizationPath(), () => false);
    const action = /action="([^"]+\/providers\/plan)"/.exec(page.text)?.[1] ?? '';
    const [one, two] = [await go(action, { method: 'POST' }), await go(action, { method: 'POST' })];
    const first = (await follow(go, one.location, isConsent)).location;
    expect(first).toContain('/consent/begin');
    expect((await follow(go, two.location, isConsent)).location).toBe(first);
  });

  it('a state that was altered or has expired signs nobody in', async () => {
    const go = system.browser();
    const { location } = await system.leave(go, 'plan');
    const state = location.searchParams.get('state') ?? '';
    const [uid = '', time = '', seal = ''] = state.split('.');
    const foreign = (await system.leave(system.browser(), 'plan')).location.searchParams.get('state') ?? '';
    const [foreignUid = '', foreignTime = '', foreignSeal = ''] = foreign.split('.');
    const come = (sent: string) => go(`/production/provider-callback/plan?code=x&state=${sent}`);
    for (const forged of [
      ...['', `${state}x`, state.slice(1), `${uid}.${time}`, `${uid}.${time}.${'x'.repeat(20)}`],
      ...[`${foreignUid}.${time}.${seal}`, `${uid}.${foreignTime}.${foreignSeal}`],
      `${uid}.zzzzzz${time.slice(6)}.${seal}`,
    ])
      expect([forged, (await come(forged)).status]).toEqual([forged, 400]);
    // A genuine state of another browser leads to an interaction that is not this browser's.
    expect(
      (await follow(go, `/production/provider-callback/plan?code=x&state=${foreign}`, isConsent)).status,
    ).toBe(400);
    const leavings = new Leavings('key');
    const place = { id: 'plan', environment: 'production' };
    const now = Date.now();
    const { state: old } = leavings.begin(place, 'u'.repeat(43), now - 16 * 60_000);
    expect(() => leavings.find(place, old)).toThrow('took too long');
    const begun = leavings.begin(place, 'u'.repeat(43), now);
    // RelayState has at most 80 bytes (SAML Bindings §3.4.3).
    expect(begun.state.length).toBeLessThanOrEqual(80);
    expect(leavings.find(place, begun.state)).toEqual(begun);
    for (const other of [
      { ...place, id: 'saml' },
      { ...place, environment: 'sandbox' },
    ])
      expect(() => leavings.find(other, begun.state)).toThrow('none of this provider');
  });

  it('no password opens an environment that has a provider, and the sandbox keeps its form', async () => {
    const go = system.browser();
    const { signIn } = await system.leave(go, 'plan');
    const body = new URLSearchParams({ username: 'member-of-alice', password: 'x' });
    const refused = await go(signIn, { method: 'POST', body });
    expect([refused.status, refused.location]).toEqual([403, '']);
    const sandbox = await follow(
      system.browser(),
      authorizationPath().replace('production', 'sandbox'),
      () => false,
    );
    expect(sandbox.text).toContain('type="password"');
    expect(sandbox.text).not.toContain('Plan Account');
  });

  it('a roster adds, updates and removes members, who keep their sub; a wrong one changes nothing', async () => {
    const names = ['a', 'b', 'c', 'd'].map((name) => entry(`roster-${name}`));
    expect(await system.roster('plan', names)).toMatchObject({
      added: 4,
      updated: 0,
      unchanged: 0,
      removed: 1,
    });
    const kept = await system.subOf('plan', 'roster-a');
    const changed = [{ ...names[0], patient: 'moved' }, ...names.slice(1)];
    expect(await system.roster('plan', changed)).toMatchObject({
      added: 0,
      updated: 1,
      unchanged: 3,
      removed: 0,
    });
    expect(await system.subOf('plan', 'roster-a')).toBe(kept);
    const addressed = [{ ...names[0], patient: 'moved', email: 'a@plan.example', language: 'es' }];
    const addressOf = async () =>
      (await system.source.query('SELECT email, language FROM member WHERE sub = $1', [kept]))[0];
    expect(await system.roster('plan', [...addressed, ...names.slice(1)])).toMatchObject({ updated: 1 });
    expect(await addressOf()).toEqual({ email: 'a@plan.example', language: 'es' });
    // An address that the roster leaves out is removed.
    expect(await system.roster('plan', changed)).toMatchObject({ updated: 1, unchanged: 3 });
    expect(await addressOf()).toEqual({ email: null, language: null });
    for (const [lines, problem] of [
      [[names[0]], /3 of 4 members are not in .*Nothing was changed/],
      [[...names, names[0]], /twice/],
      [[...names, '{"subject":'], /plan\.ndjson:5/],
      [[...names, { ...names[0], subject: 'x', password: 'secret' }], /plan\.ndjson:5/],
      [[...names, { subject: 'x', name: 'Jane Secret', patient: 'a b' }], /patient must be the id/],
      [[...names, { subject: 'x', name: 'Jane Secret' }], /needs a patient/],
      [[...names, entry('x', { represents: [{ patient: 'p', name: 'Jane Secret' }] })], /related_person/],
      [[...names, { ...entry('x'), email: 'secret' }], /plan\.ndjson:5: email/],
      [[...names, { ...entry('x'), language: 'fr' }], /plan\.ndjson:5: language/],
    ] as const) {
      const error = await system.roster('plan', lines, 0.1).catch((reason: Error) => reason);
      expect(error).toBeInstanceOf(Error);
      expect((error as Error).message).toMatch(problem);
      expect((error as Error).message).not.toMatch(/secret|Jane/);
      expect(await system.subOf('plan', 'roster-d')).toBeDefined();
      expect(await system.subOf('plan', 'x')).toBeUndefined();
    }
    expect(await system.roster('plan', names.slice(0, 3), 0.5)).toMatchObject({ removed: 1, updated: 1 });
    expect(await system.subOf('plan', 'roster-d')).toBeUndefined();
    expect(await system.subOf('forger', 'alice')).toBeDefined();
  });

  it('a member whom the roster leaves out is signed out, so that others can sign in at the browser', async () => {
    const go = system.browser();
    await follow(go, (await system.leave(go, 'plan')).location.href, isConsent);
    expect((await follow(go, authorizationPath(), isConsent)).location).toContain('/consent/begin');
    await system.roster('plan', [entry('member-of-bob')]);
    expect((await follow(go, authorizationPath(), isConsent)).text).toContain('Plan Account');
    expect(await system.source.query("SELECT 1 FROM provider_session WHERE provider = 'plan'")).toEqual([]);
  });

  it('a roster gives and takes rights to act for others, and a right that is gone ends its grants', async () => {
    const right = (patient: string) => ({
      ...{ patient, name: 'Ida', related_person: `related-${patient}`, relationship: 'parent' },
    });
    const parent = (...patients: string[]) => [entry('parent', { represents: patients.map(right) })];
    await system.roster('plan', parent('ida', 'axel'));
    const sub = await system.subOf('plan', 'parent');
    const held = async () =>
      (await system.source.query('SELECT patient FROM representation WHERE sub = $1 ORDER BY 1', [sub])).map(
        (row: { patient: string }) => row.patient,
      );
    const grant = (id: string, patient: string, relatedPerson: string | undefined) =>
      system.source.query(
        `INSERT INTO oidc_artifact (environment, model, id_sha256, grant_id, payload, expires_at)
         VALUES ('production', 'Grant', $1, $1, $2, now() + interval '1 hour')`,
        [id, JSON.stringify({ accountId: sub, clientId: 'app', patient, relatedPerson })],
      );
    await grant('of-ida', 'ida', 'related-ida');
    await grant('of-axel', 'axel', 'related-axel');
    await grant('own', 'p-parent', undefined);
    const live = async () =>
      (await system.source.query("SELECT grant_id FROM oidc_artifact WHERE model = 'Grant' ORDER BY 1")).map(
        (row: { grant_id: string }) => row.grant_id,
      );
    expect(await system.roster('plan', parent('axel'))).toMatchObject({ grantsEnded: 1 });
    expect([await held(), await live()]).toEqual([['axel'], ['of-axel', 'own']]);
    // A wrong line takes nothing away.
    await expect(system.roster('plan', [...parent(), 'no JSON'])).rejects.toThrow();
    expect([await held(), await live()]).toEqual([['axel'], ['of-axel', 'own']]);
    expect(await system.roster('plan', [entry('somebody')])).toMatchObject({ removed: 1, grantsEnded: 2 });
    expect([await held(), await live()]).toEqual([[], []]);
  });
  logoutCases(system);
  samlCases(system);
  samlSignOutCases(system);
  encryptionCases(system);
});

describe('MEMBER_PROVIDERS', () => {
  const common = { id: 'plan', environment: 'production', name: 'Plan' };
  const rule = {
    ...common,
    issuer: 'http://idp.example',
    client_id: 'payer',
    client_secret: 'very-secret',
  };
  const saml = {
    ...common,
    protocol: 'saml',
    entity_id: 'https://idp.example/saml',
    sign_in_url: 'https://idp.example/sso',
    certificates: [stranger.certificate],
  };
  it.each<[string, unknown, RegExp]>([
    ['no JSON', undefined, /must be a JSON list/],
    ['an unknown environment', [{ ...rule, environment: 'staging' }], /0\.environment/],
    ['a misspelt field', [{ ...rule, clientid: 'x' }], /clientid/],
    ['an id for an address', [{ ...rule, id: '../x' }], /lower-case/],
    ['a provider twice', [rule, { ...saml, id: 'plan' }], /twice/],
    ['a plain issuer in production', [rule], /https/],
    ['an unknown protocol', [{ ...saml, protocol: 'ws-federation' }], /0\.protocol/],
    ['a SAML provider without a certificate', [{ ...saml, certificates: [] }], /0\.certificates/],
    ['a text for a certificate', [{ ...saml, certificates: ['very-secret'] }], /X\.509/],
    ['a short key', [{ ...saml, certificates: [certifiedKey('idp', 1024).certificate] }], /2048 bits/],
    ['a plain sign_in_url in production', [{ ...saml, sign_in_url: 'http://idp.example/sso' }], /https/],
    ['a client secret for SAML', [{ ...saml, client_secret: 'very-secret' }], /client_secret/],
  ])('refuses %s, and never repeats a secret', (_what, value, problem) => {
    const text = value === undefined ? 'very-secret' : JSON.stringify(value);
    expect(() => parseMemberProviders(text, true)).toThrow(problem);
    expect(() => readConfig({ NODE_ENV: 'test', MEMBER_PROVIDERS: `${text}x` })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('very-secret') }),
    );
  });

  it('takes a certificate as PEM or as the base64 text of SAML metadata', () => {
    const [pem = ''] = saml.certificates;
    const base64 = pem.replace(/-----[A-Z ]+-----|\s/g, '');
    const rules = parseMemberProviders(JSON.stringify([{ ...saml, certificates: [pem, base64] }]), true);
    expect(rules).toMatchObject([{ certificates: [pem.trim(), pem.trim()], require_signed_response: true }]);
  });
});
