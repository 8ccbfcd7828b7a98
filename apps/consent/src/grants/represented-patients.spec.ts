import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { grantState } from '@payer/smart';
import { languages } from '@payer/ui';
import { eventually } from '@payer/testing';
import { decodeJwt } from 'jose';
import { startConsentUnderTest, type Browser } from '../testing/consent-under-test.js';

/** A busy machine takes long for a test of many requests. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const day = 24 * 3600;
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

describe('a grant that a representative gives', () => {
  let test: Awaited<ReturnType<typeof startConsentUnderTest>>;
  beforeAll(async () => {
    test = await startConsentUnderTest();
  });
  afterAll(() => test.stop());

  /** A consent request of Grace, the parent of Ida. */
  const forIda = (name: string, more: Record<string, unknown> = {}) => ({
    ...{ sub: `grace-${name}`, member_name: 'Grace Ekström', client_id: name, patient: `ida-${name}` },
    choice: `choice-${name}`,
    ...more,
    representation: {
      ...{ patient_name: 'Ida Ekström', related_person: `related-${name}`, relationship: 'parent' },
      own_patient: `patient-grace-${name}`,
      ...(more.representation as object),
    },
  });
  /** A consent request of Grace for her own records. */
  const own = (name: string) => ({
    ...{
      sub: `grace-${name}`,
      member_name: 'Grace Ekström',
      client_id: name,
      patient: `patient-grace-${name}`,
    },
  });
  /** A session of Ida, who has a sign-in, too. */
  const idaAt = async (name: string) =>
    (
      await test.allow({
        ...{
          sub: `ida-${name}`,
          member_name: 'Ida Ekström',
          patient: `ida-${name}`,
          client_id: `other-${name}`,
        },
      })
    ).go;
  const wordsOf = (html: string) => html.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ');
  const post = (go: Browser, path: string, body: Record<string, string>) =>
    go(path, { method: 'POST', body: new URLSearchParams(body) });
  const listOf = async (go: Browser) =>
    (JSON.parse((await go('/sandbox/api/grants')).text) as { grants: Record<string, unknown>[] }).grants;

  it('names the patient and the relationship on the page, in both languages', async () => {
    for (const [language, title, acts] of [
      ['en', 'Share the records of Ida Ekström with Health', 'You act for Ida Ekström as a parent.'],
      [
        'es',
        '¿Compartir los datos de Ida Ekström con Health',
        'Usted actúa por Ida Ekström como madre o padre.',
      ],
    ]) {
      const go = test.browser();
      const url = 'http://localhost:4000/sandbox/interaction/x/patient';
      const asked = forIda('page', { language, choose_patient_url: url });
      const { location } = await go(`/sandbox/consent?request=${await test.ask(go, asked)}`);
      const { text } = await go(location);
      expect(text).toContain(`href="${url}"`);
      expect(wordsOf(text).replaceAll(' .', '.')).toContain(acts);
      expect(wordsOf(text)).toContain(title);
      expect(text).toContain('Grace Ekström');
      expect(text).not.toContain(languages[language as 'en']['consent.never.contacts']);
    }
    const go = test.browser();
    const { location } = await go(`/sandbox/consent?request=${await test.ask(go, own('page'))}`);
    expect((await go(location)).text).not.toContain(languages.en['consent.whose']);
  });

  it('says who gave it for whom: decision, event, audit entry, page, API, receipt', async () => {
    const { go, grantId, payload } = await test.allow(forIda('read'));
    expect(payload).toMatchObject({ choice: 'choice-read', sub: 'grace-read' });
    expect(payload).not.toHaveProperty('patient');
    const [created] = await eventually(
      async () => {
        const events = await test.published('grant-created');
        const found = events.filter(({ grant_id }) => grant_id === grantId);
        return found.length > 0 && found;
      },
      { timeout: 60_000 },
    );
    expect(grantState.parse(created)).toMatchObject({
      ...{ sub: 'grace-read', patient: 'ida-read', related_person: 'related-read' },
    });
    const [entry] = await test.source.query(
      "SELECT actor, sub, detail FROM audit_entry WHERE action = 'grant-allowed' AND grant_id = $1",
      [grantId],
    );
    expect(entry).toMatchObject({
      ...{ actor: 'grace-read', sub: 'grace-read' },
      detail: { acts_for: { patient: 'ida-read', related_person: 'related-read', relationship: 'parent' } },
    });
    expect(await listOf(go)).toMatchObject([
      {
        patient: 'ida-read',
        patient_name: 'Ida Ekström',
        relationship: 'parent',
        given_by_name: 'Grace Ekström',
      },
    ]);
    const text = wordsOf((await go('/sandbox/')).text);
    expect(text).toContain('Records of Ida Ekström');
    expect(text).toContain('Connected by You');
    const { receipt } = JSON.parse((await go(`/sandbox/receipts/${grantId}`)).text);
    expect(receipt.pii_principal_id).toBe('ida-read');
    expect(receipt.party_identification).toContainEqual(
      expect.objectContaining({
        party_id: 'grace-read',
        party_role: 'representative',
        relationship: 'parent',
      }),
    );
  });

  it('is seen and can be ended by the patient, and by nobody else', async () => {
    const { go: grace, grantId } = await test.allow(forIda('seen'));
    const ida = await idaAt('seen');
    const { go: stranger } = await test.allow({ sub: 'stranger', patient: 'of-stranger', client_id: 'seen' });
    expect(wordsOf((await ida('/sandbox/')).text)).toContain('Connected by Grace Ekström');
    expect(await listOf(ida)).toHaveLength(2);
    expect(await listOf(stranger)).toHaveLength(1);
    expect((await stranger(`/sandbox/receipts/${grantId}`)).status).toBe(400);
    expect((await stranger(`/sandbox/api/grants/${grantId}`, { method: 'DELETE' })).status).toBe(404);
    await post(stranger, '/sandbox/disconnect', { client_id: 'seen', grant_id: grantId });
    expect(await test.statusOf(grantId)).toBe('active');
    // The patient cannot change the end that the representative chose.
    await post(ida, '/sandbox/shorten', { client_id: 'seen', days: '1' });
    const [{ granted_until }] = await test.source.query(
      'SELECT granted_until FROM app_grant WHERE grant_id = $1',
      [grantId],
    );
    expect(granted_until).toBeNull();
    const { location } = await post(ida, '/sandbox/disconnect', { client_id: 'seen', grant_id: grantId });
    expect(await test.statusOf(grantId)).toBe('revoked');
    expect(location).not.toContain('ida-seen');
    expect((await ida(location)).text).toContain(languages.en['ended.member']);
    expect((await grace('/sandbox/')).text).toContain(languages.en['ended.member.other']);
    const [entry] = await test.source.query(
      "SELECT actor FROM audit_entry WHERE action = 'grant-revoked' AND grant_id = $1",
      [grantId],
    );
    expect(entry).toEqual({ actor: 'ida-seen' });
  });

  it('a session for another patient shows no grants that the patient gave', async () => {
    await test.allow({ sub: 'ida-alone', patient: 'ida-alone', client_id: 'of-ida' });
    const { go } = await test.allow(forIda('alone'));
    expect((await listOf(go)).map(({ client_id }) => client_id)).toEqual(['alone']);
  });

  it('has a card for each patient, whose buttons change nothing for the other patient', async () => {
    const mine = await test.allow(own('cards'));
    const hers = await test.allow(forIda('cards'), mine.go);
    const text = wordsOf((await mine.go('/sandbox/')).text);
    expect(text).toContain('Records of Grace Ekström');
    expect(text).toContain('Records of Ida Ekström');
    await post(mine.go, '/sandbox/shorten', { client_id: 'cards', grant_id: hers.grantId, days: '1' });
    const [{ granted_until }] = await test.source.query(
      'SELECT granted_until FROM app_grant WHERE grant_id = $1',
      [mine.grantId],
    );
    expect(granted_until).toBeNull();
    const { location } = await post(mine.go, '/sandbox/disconnect', {
      client_id: 'cards',
      grant_id: hers.grantId,
    });
    expect([await test.statusOf(hers.grantId), await test.statusOf(mine.grantId)]).toEqual([
      'revoked',
      'active',
    ]);
    expect((await mine.go(location)).text).toContain('is disconnected');
    // Without the grant of a card, all grants of the app end.
    await post(mine.go, '/sandbox/disconnect', { client_id: 'cards' });
    expect(await test.statusOf(mine.grantId)).toBe('revoked');
  });

  it('is remembered for its patient only', async () => {
    const auth_time = Math.floor(Date.now() / 1000);
    await test.allow({ ...forIda('kept'), auth_time });
    const location = async (request: Record<string, unknown>) => {
      const go = test.browser();
      const asked = await test.ask(go, { ...request, auth_time });
      return (await go(`/sandbox/consent?request=${asked}`)).location;
    };
    const decision = new URL(await location(forIda('kept'))).searchParams.get('decision') ?? '';
    expect(decodeJwt(decision)).toMatchObject({ decision: 'allow', choice: 'choice-kept' });
    for (const other of [
      own('kept'),
      forIda('kept', { patient: 'axel-kept' }),
      forIda('kept', { representation: { related_person: 'another' } }),
    ])
      expect(await location(other)).toMatch(/^\/sandbox\/consent\//);
  });

  it('ends with the right to act at the latest, and says so', async () => {
    const go = test.browser();
    const ends_at = inSeconds(40 * day);
    const asked = forIda('cut', { representation: { ends_at } });
    const { location } = await go(`/sandbox/consent?request=${await test.ask(go, asked)}`);
    const text = wordsOf((await go(location)).text);
    expect(text).toContain('30 days, until');
    expect(text).not.toContain('90 days');
    expect(text).toContain('when your right to act ends');
    // A form with a longer time gets no more.
    const decided = await test.answer(go, location, 'allow', { days: '365' });
    const payload = decodeJwt(new URL(decided.location).searchParams.get('decision') ?? '');
    expect(payload.grant_expires_at).toBe(ends_at);
    await go('/sandbox/api/grants');
    await test.source.query(
      'UPDATE app_grant SET expires_at = now(), right_ends_at = now() WHERE grant_id = $1',
      [payload.grant_id],
    );
    await eventually(async () => (await test.statusOf(String(payload.grant_id))) === 'revoked', {
      timeout: 60_000,
    });
    expect(await listOf(go)).toMatchObject([{ revoked_reason: 'right-ended' }]);
    expect((await go('/sandbox/')).text).toContain(languages.en['ended.right-ended']);
  });

  it('ends as expired when its own time was over before the right', async () => {
    const go = test.browser();
    const asked = forIda('over', { representation: { ends_at: inSeconds(40 * day) } });
    const { location } = await go(`/sandbox/consent?request=${await test.ask(go, asked)}`);
    const decided = await test.answer(go, location, 'allow');
    const { grant_id } = decodeJwt(new URL(decided.location).searchParams.get('decision') ?? '');
    await test.source.query(
      `UPDATE app_grant SET expires_at = now() - interval '2 days', right_ends_at = now() - interval '1 day'
       WHERE grant_id = $1`,
      [grant_id],
    );
    await eventually(async () => (await test.statusOf(String(grant_id))) === 'revoked', { timeout: 60_000 });
    const [row] = await test.source.query('SELECT revoked_reason FROM app_grant WHERE grant_id = $1', [
      grant_id,
    ]);
    expect(row).toEqual({ revoked_reason: 'expired' });
  });

  it('cannot be given after the right to act has ended', async () => {
    const go = test.browser();
    const asked = forIda('late', { representation: { ends_at: inSeconds(-1) } });
    const { location } = await go(`/sandbox/consent?request=${await test.ask(go, asked)}`);
    expect((await go(location)).status).toBe(400);
    expect((await test.answer(go, location, 'allow')).status).toBe(400);
    expect(await test.source.query("SELECT 1 FROM app_grant WHERE client_id = 'late'")).toEqual([]);
  });

  it('counts the records of the patient, not of the representative', async () => {
    const counts = (count: number) => JSON.stringify([{ type: 'ExplanationOfBenefit', count, since: null }]);
    await test.source.query(
      "INSERT INTO record_count VALUES ('sandbox', 'ida-counted', 1, $1), ('sandbox', 'patient-grace-counted', 1, $2)",
      [counts(3), counts(44)],
    );
    const { go } = await test.allow(forIda('counted'));
    const text = wordsOf((await go('/sandbox/')).text);
    expect(text).toContain('3 claims');
    expect(text).not.toContain('44 claims');
  });
});
