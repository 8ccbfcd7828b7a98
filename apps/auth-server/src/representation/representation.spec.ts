import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { consentDecisionType, planRules, type AppState } from '@payer/smart';
import { eventually } from '@payer/testing';
import { decodeJwt } from 'jose';
import { randomUUID } from 'node:crypto';
import { importMembers } from '../members/import.js';
import { appOf, redirectUri } from '../testing/apps.js';
import { AuthServerUnderTest } from '../testing/auth-server-under-test.js';
import type { Browser } from '../testing/browser.js';

/** A busy machine takes long for a test of many requests, and the next test must not meet the rest of it. */
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const base = 'http://localhost:4003/sandbox/interop/external/fhir';
const scope = planRules['patient-access'].scopes.join(' ');
const [ida, axel] = ['patient-ida', 'patient-axel'];

describe('a member who acts for other patients', () => {
  const system = new AuthServerUnderTest();
  let state: AppState;
  beforeAll(async () => {
    await system.start();
    state = await system.register(appOf('patient-access'));
    await system.addMember('sandbox', 'stranger', 'sub-stranger');
  });
  afterAll(() => system.stop());
  beforeEach(async () => {
    await system.source.query('DELETE FROM representation');
    await represent('sub-1', ida);
    await represent('sub-1', axel);
    await represent('sub-stranger', 'patient-of-others');
  });

  const represent = (sub: string, patient: string, endsAt: Date | null = null) =>
    system.source.query(
      `INSERT INTO representation VALUES ('sandbox', $1, $2, $3, $4, 'parent', $5)
       ON CONFLICT (environment, sub, patient) DO UPDATE SET ends_at = excluded.ends_at`,
      [sub, patient, `Name of ${patient}`, `related-${patient}`, endsAt],
    );
  const loseRight = (patient: string) =>
    system.source.query('DELETE FROM representation WHERE patient = $1', [patient]);

  /** Signs the member in. @returns the path of the interaction that asks for consent */
  async function signIn(username = 'member', go = system.browser()) {
    const { location } = await go(system.authorizePath(state, { scope }));
    const credentials = new URLSearchParams({ username, password: 'password' });
    const posted = await go(location, { method: 'POST', body: credentials });
    return { go, path: (await go(posted.location)).location };
  }
  const choose = (go: Browser, path: string, patient: string) =>
    go(`${path}/patient`, { method: 'POST', body: new URLSearchParams({ patient }) });
  const request = async (go: Browser, path: string) => {
    const { location, status } = await go(`${path}/consent?browser=${'b'.repeat(43)}`);
    return status === 303 ? system.consent.requestOf(location) : undefined;
  };
  async function answer(go: Browser, asked: Record<string, string>, more: Record<string, unknown> = {}) {
    const claims = {
      ...{ interaction: asked.interaction, sub: asked.sub, client_id: asked.client_id, decision: 'allow' },
      ...{ choice: asked.choice, grant_id: randomUUID(), scope: asked.scope },
      grant_expires_at: Math.floor(Date.now() / 1000) + 3600,
      ...more,
    };
    const decision = await system.consent.sign(claims, consentDecisionType);
    const decided = await go(`${asked.return_to}?decision=${decision}`);
    return { ...decided, decision, grantId: claims.grant_id };
  }
  /** The member chooses a patient and allows the access. @returns the code */
  async function codeFor(patient: string, more: Record<string, unknown> = {}) {
    const { go, path } = await signIn();
    await choose(go, path, patient);
    const { location, grantId } = await answer(go, (await request(go, path))!, more);
    const code = new URL((await go(location)).location).searchParams.get('code') ?? '';
    return { code, grantId };
  }
  const redeem = (code: string) =>
    system.token(state, { grant_type: 'authorization_code', code, redirect_uri: redirectUri });
  async function connect(patient: string, more: Record<string, unknown> = {}) {
    const { code, grantId } = await codeFor(patient, more);
    const { status, body } = await redeem(code);
    expect(status).toBe(200);
    return { ...body, grantId } as Record<string, string> & { grantId: string };
  }
  const isActive = async (token = '') => (await system.post('/introspect', state, { token })).body.active;
  const reasonOf = async (grantId: string) =>
    (await system.source.query('SELECT reason FROM ended_grant WHERE grant_id = $1', [grantId]))[0]?.reason;

  it('shares own records without a choice, and can choose another patient from the consent page', async () => {
    const { go, path } = await signIn();
    const own = (await request(go, path))!;
    expect(own).toMatchObject({ patient: 'patient-of-sub-1' });
    expect(own).not.toHaveProperty('representation');
    const { text } = await go(own.choose_patient_url ?? '');
    expect(text.indexOf('Go on with my own records')).toBeLessThan(text.indexOf(`Name of ${axel}`));
    expect(text).toContain('You act for');
    expect((await choose(go, path, ida)).location).toBe(path);
    expect(await request(go, path)).toMatchObject({
      patient: ida,
      representation: {
        patient_name: `Name of ${ida}`,
        related_person: `related-${ida}`,
        relationship: 'parent',
        own_patient: 'patient-of-sub-1',
      },
    });
    const other = await signIn('stranger');
    await loseRight('patient-of-others');
    expect(await request(other.go, other.path)).not.toHaveProperty('choose_patient_url');
  });

  it('is the RelatedPerson in all tokens of a grant for another patient', async () => {
    const tokens = await connect(ida);
    const refreshed = (await system.refresh(state, tokens.refresh_token ?? '')).body;
    for (const body of [tokens, refreshed]) {
      const expected = { patient: ida, fhirUser: `${base}/RelatedPerson/related-${ida}` };
      expect(body.patient).toBe(ida);
      expect(decodeJwt(body.access_token ?? '')).toMatchObject({ ...expected, sub: 'sub-1' });
      expect(decodeJwt(body.id_token ?? '')).toMatchObject({ fhirUser: expected.fhirUser, sub: 'sub-1' });
      expect(
        (await system.post('/introspect', state, { token: body.access_token ?? '' })).body,
      ).toMatchObject(expected);
    }
    const token = refreshed.refresh_token ?? '';
    expect((await system.post('/introspect', state, { token })).body).toMatchObject({
      active: true,
      patient: ida,
      fhirUser: `${base}/RelatedPerson/related-${ida}`,
    });
    const own = await connect('patient-of-sub-1');
    expect(decodeJwt(own.access_token ?? '').fhirUser).toBe(`${base}/Patient/patient-of-sub-1`);
  });

  it.each(['patient-of-others', 'patient-of-sub-stranger', '', `${ida}'--`, '__proto__', `${ida}\0x`])(
    'cannot choose the patient %j by an altered form',
    async (patient) => {
      const { go, path } = await signIn();
      await choose(go, path, axel);
      expect((await choose(go, path, patient)).status).toBe(403);
      expect((await request(go, path))?.patient).toBe(axel);
    },
  );

  it('chooses for one interaction only, and another browser cannot choose', async () => {
    const one = await signIn();
    const two = await signIn();
    await choose(one.go, one.path, ida);
    expect((await request(two.go, two.path))?.patient).toBe('patient-of-sub-1');
    expect((await choose(two.go, one.path, axel)).status).toBe(400);
    expect((await request(one.go, one.path))?.patient).toBe(ida);
  });

  it('gets no code by a decision about another patient than the chosen one', async () => {
    const { go, path } = await signIn();
    const own = (await request(go, path))!;
    await choose(go, path, ida);
    const chosen = (await request(go, path))!;
    await choose(go, path, axel);
    const axels = (await request(go, path))!;
    await choose(go, path, ida);
    expect(axels.choice).not.toContain(axel);
    for (const choice of [own.choice, axels.choice, ida, '', undefined])
      expect((await answer(go, chosen, { choice })).status).toBe(400);
    expect((await answer(go, chosen)).status).toBe(303);
  });

  it('cannot use the decision of one interaction in another', async () => {
    const one = await signIn();
    await choose(one.go, one.path, ida);
    const asked = (await request(one.go, one.path))!;
    const two = await signIn('member', one.go);
    await choose(two.go, two.path, ida);
    const second = (await request(two.go, two.path))!;
    const replayed = await answer(two.go, { ...second, interaction: asked.interaction ?? '' });
    expect(replayed.status).toBe(400);
  });

  it('gets no code when the right has ended between question and answer', async () => {
    const { go, path } = await signIn();
    await choose(go, path, ida);
    const asked = (await request(go, path))!;
    await loseRight(ida);
    const { status, text, grantId } = await answer(go, asked);
    expect([status, text]).toEqual([403, expect.stringContaining('You may not act for this person')]);
    expect(
      await system.source.query("SELECT 1 FROM oidc_artifact WHERE model = 'Grant' AND grant_id = $1", [
        grantId,
      ]),
    ).toEqual([]);
    // The stored choice is worth nothing either, and the page leads to the persons who are left.
    expect(await request(go, path)).toBeUndefined();
    expect((await go(`${path}/patient`)).text).not.toContain(`Name of ${ida}`);
  });

  it('gets no tokens by a code or a refresh token after the right has ended', async () => {
    const { code } = await codeFor(ida);
    const tokens = await connect(ida);
    const own = await connect('patient-of-sub-1');
    await loseRight(ida);
    expect(await redeem(code)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(await isActive(tokens.refresh_token)).toBe(false);
    expect((await system.refresh(state, tokens.refresh_token ?? '')).body.error).toBe('invalid_grant');
    expect((await system.refresh(state, own.refresh_token ?? '')).status).toBe(200);
  });

  it('acts no longer as a RelatedPerson whom the roster has replaced', async () => {
    const tokens = await connect(ida);
    await system.source.query("UPDATE representation SET related_person = 'other' WHERE patient = $1", [ida]);
    expect((await system.refresh(state, tokens.refresh_token ?? '')).body.error).toBe('invalid_grant');
  });

  it('holds tokens until the end of the right at most, and the end takes the grant along', async () => {
    await represent('sub-1', axel, new Date(Date.now() + 600_000));
    const tokens = await connect(axel);
    const { exp = 0, iat = 0 } = decodeJwt(tokens.access_token ?? '');
    expect(exp - iat).toBeLessThanOrEqual(600);
    const whole = await connect(ida);
    await represent('sub-1', axel, new Date(Date.now() - 1));
    await eventually(async () => (await reasonOf(tokens.grantId)) === 'right-ended', { timeout: 120_000 });
    expect(await isActive(tokens.access_token)).toBe(false);
    expect(await isActive(whole.access_token)).toBe(true);
    const outbox = await system.source.query(
      "SELECT detail FROM audit_entry WHERE action = 'grant-ended' AND grant_id = $1",
      [tokens.grantId],
    );
    expect(outbox).toEqual([{ detail: { reason: 'right-ended' } }]);
  });

  it('loses the grants of a right that an import takes away, and keeps the others', async () => {
    const [lost, kept, own] = [await connect(ida), await connect(axel), await connect('patient-of-sub-1')];
    const line = (represents: unknown[], patient = 'patient-of-sub-1') => {
      const file = join(mkdtempSync(join(tmpdir(), 'members-')), 'members.ndjson');
      const member = { username: 'member', password: 'password', patient, name: 'Maria', represents };
      writeFileSync(file, JSON.stringify(member));
      return importMembers(system.config.DATABASE_URL, 'sandbox', file);
    };
    const one = (patient: string) => ({
      ...{
        patient,
        name: `Name of ${patient}`,
        related_person: `related-${patient}`,
        relationship: 'parent',
      },
      until: '2099-01-01',
    });
    await line([one(axel)]);
    expect(await reasonOf(lost.grantId)).toBe('right-ended');
    for (const tokens of [kept, own]) expect(await isActive(tokens.access_token)).toBe(true);
    await line([one(axel)], 'another-patient');
    expect(await reasonOf(own.grantId)).toBe('right-ended');
    expect(await isActive(kept.access_token)).toBe(true);
    for (const [wrong, problem] of [
      [[one(axel), one(axel)], /twice/],
      [[one('patient-of-sub-1')], /own patient/],
      [[{ ...one(axel), relationship: 'friend' }], /relationship/],
      [[{ ...one(axel), until: 'tomorrow' }], /until/],
      [[{ ...one(axel), related_person: '../x' }], /related_person/],
    ] as const)
      await expect(line([...wrong])).rejects.toThrow(problem);
    await line([], 'patient-of-sub-1');
  });

  it('a representative needs no records: the only patient is preselected, and among several the representative chooses', async () => {
    await system.source.query(
      `INSERT INTO member SELECT environment, 'sub-carer', 'carer', password_hash, NULL, 'Paula Carer'
       FROM member WHERE sub = 'sub-1'`,
    );
    const alone = await signIn('carer');
    expect((await alone.go(`${alone.path}/consent?browser=${'b'.repeat(43)}`)).status).toBe(403);
    await represent('sub-carer', 'patient-of-others');
    const asked = (await request(alone.go, alone.path))!;
    expect(asked).toMatchObject({ patient: 'patient-of-others', representation: { relationship: 'parent' } });
    expect(asked.representation).not.toHaveProperty('own_patient');
    expect(asked).not.toHaveProperty('choose_patient_url');
    await represent('sub-carer', 'patient-second');
    const { status, location } = await alone.go(`${alone.path}/consent?browser=${'b'.repeat(43)}`);
    expect([status, location]).toEqual([303, `${alone.path}/patient`]);
    expect((await alone.go(location)).text).not.toContain('my own records');
    await choose(alone.go, alone.path, 'patient-second');
    expect((await request(alone.go, alone.path))?.patient).toBe('patient-second');
  });
});
