import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grantState, sensitiveKinds } from '@payer/smart';
import { languages, languageTags } from '@payer/ui';
import { eventually } from '@payer/testing';
import { decodeJwt } from 'jose';
import { startConsentUnderTest, type Browser } from '../testing/consent-under-test.js';

describe('the choice of sensitive kinds', () => {
  let test: Awaited<ReturnType<typeof startConsentUnderTest>>;
  beforeAll(async () => {
    test = await startConsentUnderTest();
  });
  afterAll(() => test.stop());

  async function question(more: Record<string, unknown> = {}, go = test.browser()) {
    const { location } = await go(`/sandbox/consent?request=${await test.ask(go, more)}`);
    return { go, location };
  }
  const post = (go: Browser, path: string, body: string) =>
    go(path, { method: 'POST', body: new URLSearchParams(body) });
  const decisionOf = (location: string) => decodeJwt(new URL(location).searchParams.get('decision') ?? '');
  const boxes = (text: string) => text.match(/<input type="checkbox"[^>]*>/g) ?? [];

  it.each(languageTags)('has a box for each kind in %s, none of them ticked', async (language) => {
    const { go, location } = await question({ language });
    const { text } = await go(location);
    expect(boxes(text)).toHaveLength(sensitiveKinds.length);
    expect(text).not.toMatch(/type="checkbox"[^>]*checked/);
    for (const kind of sensitiveKinds) expect(text).toContain(languages[language][`sensitive.${kind}`]);
  });

  it('looks the same to every member, whatever records there are', async () => {
    const card = async (patient: string) => {
      const { go, location } = await question({ patient, sub: `sub-${patient}` });
      const { text } = await go(location);
      return text.slice(text.indexOf('Share sensitive topics'), text.indexOf('It can never'));
    };
    await test.source.query(
      `INSERT INTO record_count VALUES ('sandbox', 'with-records', 1, '[{"type":"Condition","count":7,"since":null}]')`,
    );
    expect(await card('with-records')).toBe(await card('without-records'));
    expect((await card('with-records')).replaceAll(/<[^>]+>/g, '')).not.toMatch(/\d/);
  });

  it.each([
    ['', undefined],
    ['&sensitive=hiv', ['hiv']],
    ['&sensitive=hiv&sensitive=substanceUse&sensitive=hiv', ['substanceUse', 'hiv']],
    [sensitiveKinds.map((kind) => `&sensitive=${kind}`).join(''), sensitiveKinds],
  ])('goes with the yes into grant, decision, event, page, API and receipt: %j', async (ticked, expected) => {
    const sub = `chosen-${expected?.length ?? 0}`;
    const { go, location } = await question({ sub, client_id: sub });
    const decided = await post(go, location, `decision=allow&days=30${ticked}`);
    const decision = decisionOf(decided.location);
    expect(decision.sensitive).toEqual(expected);
    const { grants } = JSON.parse((await go('/sandbox/api/grants')).text);
    expect(grants).toMatchObject([{ status: 'active', sensitive: expected ?? [] }]);
    const created = await eventually(async () => {
      const events = await test.published('grant-created');
      const own = events.filter(({ grant_id }) => grant_id === decision.grant_id);
      return own.length > 0 && own;
    });
    expect(created.map((state) => grantState.parse(state).sensitive)).toEqual([expected]);
    const text = (await go('/sandbox/')).text.replaceAll(/<[^>]+>/g, ' ');
    const names = expected?.map((kind) => languages.en[`sensitive.${kind as 'hiv'}`]).join(', ') ?? 'None';
    expect(text).toMatch(new RegExp(`Sensitive topics\\s+${names}\\s`));
    const { receipt } = JSON.parse((await go(`/sandbox/receipts/${String(decision.grant_id)}`)).text);
    const listed = receipt.pii_processing[0].pii_information.filter(
      (each: { sensitive_pii_category: boolean }) => each.sensitive_pii_category,
    );
    expect(listed).toHaveLength(expected?.length ?? 0);
  });

  it('is part of a remembered grant', async () => {
    const auth_time = Math.floor(Date.now() / 1000);
    const more = { sub: 'kept-choice', client_id: 'kept-choice', auth_time };
    const { go, location } = await question(more);
    await post(go, location, 'decision=allow&days=30&sensitive=mentalHealth');
    await go('/sandbox/api/grants');
    const { location: next } = await question(more);
    expect(decisionOf(next)).toMatchObject({ decision: 'allow', sensitive: ['mentalHealth'] });
  });

  it.each(['all', 'HIV', '__proto__', 'toString', 'hiv,substanceUse', ''])(
    'takes no kind that the table does not know: %j',
    async (key) => {
      const { go, location } = await question({ client_id: 'unknown-kind' });
      const { status } = await post(go, location, `decision=allow&days=30&sensitive=hiv&sensitive=${key}`);
      expect(status).toBe(400);
      expect(await test.source.query("SELECT 1 FROM app_grant WHERE client_id = 'unknown-kind'")).toEqual([]);
    },
  );

  it('stays ticked after another error of the form, and a no shares nothing', async () => {
    const { go, location } = await question({ client_id: 'form-error' });
    const { text } = await post(go, location, 'decision=allow&days=0&sensitive=hiv');
    expect(text).toMatch(/<input type="checkbox"[^>]*value="hiv"[^>]*checked/);
    expect(text.match(/type="checkbox"[^>]*checked/g)).toHaveLength(1);
    const decided = await post(go, location, 'decision=deny&sensitive=hiv');
    expect(decisionOf(decided.location)).not.toHaveProperty('sensitive');
  });
});
