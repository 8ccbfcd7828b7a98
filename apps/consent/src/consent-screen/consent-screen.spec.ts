import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isTypeOfGrant, resourceTypesOfPlan } from '@payer/smart';
import { languages, languageTags, type TextKey } from '@payer/ui';
import { startConsentUnderTest } from '../testing/consent-under-test.js';
import { defaultDuration, durations } from './durations.js';

type Under = Awaited<ReturnType<typeof startConsentUnderTest>>;

const openedTypes = [...resourceTypesOfPlan['patient-access']].filter((type) => !isTypeOfGrant(type));

describe('the consent page', () => {
  let test: Under;
  beforeAll(async () => {
    test = await startConsentUnderTest();
  });
  afterAll(() => test.stop());

  async function question(more: Record<string, unknown> = {}, go = test.browser()) {
    const { location } = await go(`/sandbox/consent?request=${await test.ask(go, more)}`);
    return { go, location };
  }
  const post = (go: Under['browser'] extends () => infer B ? B : never, path: string, body: string) =>
    go(path, { method: 'POST', body: new URLSearchParams(body) });
  const grantsOf = (clientId: string) =>
    test.source.query('SELECT * FROM app_grant WHERE client_id = $1', [clientId]);

  it.each(languageTags)(
    'names in %s every type that the plan opens, and denies nothing of it',
    async (language) => {
      const { go, location } = await question({ plan: 'patient-access', language });
      const { text } = await go(location);
      expect(text).toContain(`<html lang="${language}">`);
      const escaped = (key: TextKey) => languages[language][key].replaceAll('&', '&amp;');
      for (const type of openedTypes) expect(text).toContain(escaped(`type.${type}` as TextKey));
      expect(text).not.toMatch(/never[^<]*family|nunca[^<]*familia/i);
    },
  );

  it('says that the app sees family contacts, and reads while the member is away, and keeps its data', async () => {
    const { go, location } = await question();
    const { text } = await go(location);
    for (const key of [
      'consent.never.contacts',
      'consent.offline',
      'consent.stop.limit',
      'consent.no',
      'consent.risk.noPolicy',
    ] as const)
      expect(text).toContain(languages.en[key]);
    const { go: other, location: page } = await question({ policy_uri: 'https://app.example/privacy' });
    expect((await other(page)).text).toContain('href="https://app.example/privacy"');
  });

  it('leads to a page about apps, the law and complaints, which anybody can read in both languages', async () => {
    const { go, location } = await question();
    const path = /href="(\/sandbox\/before-you-share)"/.exec((await go(location)).text)?.[1] ?? '';
    const stranger = test.browser();
    for (const language of languageTags) {
      const { status, text } = await stranger(path, { headers: { 'accept-language': language } });
      expect([status, text]).toEqual([200, expect.stringContaining(languages[language]['learn.title'])]);
      for (const address of [/https:\/\/www\.hhs\.gov\/[\w/-]*complaint/, /https:\/\/report\w+\.ftc\.gov/])
        expect(text).toMatch(address);
    }
  });

  it('says whether the makers attested their practices, and what to ask makers that did not', async () => {
    const questions = [
      'attested.no',
      'attested.ask.sell',
      'attested.ask.share',
      'attested.ask.delete',
    ] as const;
    const shown = async (clientId: string) => {
      const { go, location } = await question({ client_id: clientId });
      const { text } = await go(location);
      return (key: TextKey) => text.includes(languages.en[key].replace('{plan}', 'Example Health Plan'));
    };
    await test.knowApp('with-attestation', { attested: true });
    await test.knowApp('without-attestation', { attested: false });
    await test.knowApp('before-attestations', {});
    const attested = await shown('with-attestation');
    expect([attested('attested.yes'), ...questions.map(attested)]).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
    for (const clientId of ['without-attestation', 'before-attestations', 'unknown-app']) {
      const has = await shown(clientId);
      expect([has('attested.yes'), ...questions.map(has)]).toEqual([false, true, true, true, true]);
    }
  });

  it('asks for no picture and no page of another host before the yes', async () => {
    const { go, location } = await question({ logo_uri: 'https://tracker.example/logo.png' });
    const { text, headers } = await go(location);
    expect(text).not.toContain('tracker.example');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/default-src 'none'.*img-src 'self' data:.*frame-ancestors 'none'/);
    expect(policy).not.toMatch(/unsafe|https:/);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it.each([
    'decision=allow&days=0',
    'decision=allow&days=-1',
    'decision=allow&days=9999',
    'decision=allow&days=365.0',
    'decision=allow&days=1e2',
    'decision=allow&days=',
    'decision=allow&days=90&days=365',
    'decision=allow&days=ninety',
    'decision=maybe&days=90',
    'decision=allow&decision=deny&days=90',
    'days=90',
    '',
  ])('a form with %j is an error, and nothing is granted', async (body) => {
    const clientId = `bad${Math.random()}`;
    const { go, location } = await question({ client_id: clientId });
    const { status, text } = await post(go, location, body);
    expect([status, text]).toEqual([400, expect.stringContaining('We have no answer yet')]);
    expect(await grantsOf(clientId)).toEqual([]);
    // The consent request is still undecided.
    expect((await post(go, location, 'decision=allow&days=30')).status).toBe(303);
    expect(await grantsOf(clientId)).toHaveLength(1);
  });

  it.each([1, 2, 30, 31, 90, 91, 180, 365, 730, 3650])(
    'with at most %i days selects no longest choice',
    (longest) => {
      const choices = durations(longest);
      expect(Math.max(...choices)).toBe(longest);
      expect(choices).toEqual([...choices].sort((a, b) => a - b));
      expect(choices).toContain(defaultDuration(longest));
      if (choices.length > 1) expect(defaultDuration(longest)).toBeLessThan(longest);
    },
  );

  it('selects one choice beforehand, and each says its last day', async () => {
    const { go, location } = await question();
    const { text } = await go(location);
    expect(text.match(/<input type="radio"[^>]*checked/g)).toHaveLength(1);
    expect(text).toMatch(/value="90"[^>]*checked/);
    expect(text.match(/until <time datetime="[^"]+" data-show="date">\w+ \d+, \d{4}<\/time>/g)).toHaveLength(
      4,
    );
  });

  it('gives yes and no the same weight', async () => {
    const { go, location } = await question();
    const buttons = (await go(location)).text.match(/<button [^>]*name="decision"[^>]*>[^<]*/g) ?? [];
    const classes = buttons.map((button) => /class="([^"]*)"/.exec(button)?.[1]);
    expect(buttons.map((button) => button.split('>')[1])).toEqual(['No, don’t share', 'Yes, share']);
    expect(classes[0]).toBe(classes[1]);
  });

  it('keeps the language of the sign-in, and the switch wins from then on', async () => {
    const { go, location } = await question({ language: 'es' });
    expect((await go(location)).text).toContain('¿Compartir sus datos');
    const switched = await go(`${location}?lang=en`);
    expect([switched.status, switched.location]).toEqual([303, location]);
    expect((await go(location)).text).toContain('Share your records');
    expect((await go('/sandbox/')).text).toContain('Connected apps');
    // An unknown language changes nothing.
    expect((await go(`${location}?lang=constructor`)).text).toContain('Share your records');
    for (const path of [
      '//evil.example/sandbox/?lang=es',
      '/\\evil.example/?lang=es',
      '///evil.example?lang=es',
    ])
      expect((await go(path)).location).not.toMatch(/^[/\\]{2}|evil\.example\/\//);
  });

  it('says after the answer what is true now: until when, paused, ended, or not shared', async () => {
    const state = async (clientId: string, change: (grantId: string) => Promise<unknown>) => {
      const { go, page, grantId } = await test.allow({ client_id: clientId });
      await change(grantId);
      return (await go(page)).text;
    };
    const nothing = () => Promise.resolve();
    expect(await state('now', nothing)).toMatch(/can read your records until <time/);
    const ended = await state('over', (id) =>
      test.source.query(
        "UPDATE app_grant SET status = 'revoked', revoked_at = now(), revoked_reason = 'member' WHERE grant_id = $1",
        [id],
      ),
    );
    expect(ended).toMatch(/That ended on <time/);
    const expired = await state('expired', (id) =>
      test.source.query("UPDATE app_grant SET expires_at = now() - interval '1 s' WHERE grant_id = $1", [id]),
    );
    expect(expired).toMatch(/That ended on <time/);
    const paused = await state('paused', () => test.knowApp('paused', { status: 'suspended' }));
    expect(paused).toContain('Your plan has paused this app');
    for (const text of [ended, expired, paused]) expect(text).not.toContain('can read your records until');
  });
});
