import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planRules } from '@payer/smart';
import { hashAsInProduction } from '@payer/testing';
import { hashSync } from 'bcryptjs';
import { languages } from '@payer/ui';
import { readConfig } from '../config.js';
import { importMembers } from '../members/import.js';
import { appOf } from '../testing/apps.js';
import { AuthServerUnderTest } from '../testing/auth-server-under-test.js';

const url = 'https://plan.example/new-password';

const scope = planRules['patient-access'].scopes.join(' ');
const system = new AuthServerUnderTest();
beforeAll(hashAsInProduction);
beforeAll(() => system.start({ FORGOT_PASSWORD_URL: url }), 60_000);
afterAll(() => system.stop());

describe('the link to a new password', () => {
  it.each([
    ['production', true],
    ['sandbox', false],
  ] as const)('is on the sign-in page of %s: %s', async (environment, isShown) => {
    const state = await system.register(appOf('patient-access', { environments: ['sandbox', 'production'] }));
    const go = system.browser();
    const { location } = await go(system.authorizePath(state, { scope }, environment));
    const { text } = await go(location);
    expect(text).toContain(languages.en['signIn.password']);
    expect(text.includes(`href="${url}"`)).toBe(isShown);
    expect(text.includes(languages.en['signIn.forgot'])).toBe(isShown);
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', 'plan.example', '/new-password'])(
    'cannot be %j',
    (value) => {
      expect(() => readConfig({ NODE_ENV: 'test', FORGOT_PASSWORD_URL: value })).toThrow(
        /FORGOT_PASSWORD_URL/,
      );
    },
  );
});

describe('the address of the page for a new password', () => {
  const refusal = (FORGOT_PASSWORD_URL: string) => {
    try {
      readConfig({ NODE_ENV: 'production', FORGOT_PASSWORD_URL });
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };

  it('is https in production', () => {
    expect(refusal('http://plan.example/new')).toContain('FORGOT_PASSWORD_URL is "http://plan.example/new"');
    expect(refusal('https://plan.example/new')).not.toContain('FORGOT_PASSWORD_URL');
  });
});

describe('an imported password hash', () => {
  const hashed = (username: string, password_hash: string) => ({
    ...{ username, name: 'Ada Example', patient: `patient-of-${username}`, password_hash },
  });
  const bcrypt = hashSync('right password', 10);
  function importLines(lines: readonly unknown[]): Promise<number> {
    const file = join(mkdtempSync(join(tmpdir(), 'members-')), 'members.ndjson');
    writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'));
    return importMembers(system.config.DATABASE_URL, 'production', file);
  }
  const stored = async (username: string): Promise<Record<string, unknown> | undefined> =>
    (
      await system.source.query(
        'SELECT sub, password_hash, has_imported_hash FROM member WHERE username = $1',
        [username],
      )
    )[0];
  async function signIn(username: string, password: string) {
    const state = await system.register(appOf('patient-access', { environments: ['sandbox', 'production'] }));
    const go = system.browser();
    const { location } = await go(system.authorizePath(state, { scope }, 'production'));
    const begun = performance.now();
    const body = new URLSearchParams({ username, password });
    const { status } = await go(location, { method: 'POST', body });
    return { status, taken: performance.now() - begun };
  }

  it('is guessed as often as any other, and then not at all', async () => {
    const guesses = [];
    for (let index = 0; index < 8; index += 1)
      guesses.push((await signIn('guessed', `guess ${index}`)).status);
    await importLines([hashed('guessed', bcrypt)]);
    expect((await signIn('guessed', 'right password')).status).toBe(429);
    expect((await stored('guessed'))?.has_imported_hash).toBe(true);
    expect(new Set(guesses)).toEqual(new Set([401]));
  }, 120_000);

  it('lets the member in, and is replaced by our own at the first right password', async () => {
    await importLines([hashed('by-hash', bcrypt), hashed('other', bcrypt)]);
    const before = await stored('by-hash');
    expect(before).toMatchObject({ password_hash: bcrypt, has_imported_hash: true });
    expect((await signIn('by-hash', 'wrong password')).status).toBe(401);
    expect(await stored('by-hash')).toEqual(before);
    expect((await signIn('by-hash', 'right password')).status).toBe(303);
    const after = await stored('by-hash');
    expect(after).toMatchObject({ sub: before?.sub, has_imported_hash: false });
    expect(after?.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect((await signIn('by-hash', 'right password')).status).toBe(303);
    expect((await signIn('by-hash', 'wrong password')).status).toBe(401);
  }, 120_000);

  it('that is new ends the sessions and the sign-ins in progress; the same password again ends none', async () => {
    const line = (password: string) => ({
      ...{ username: 'reset', name: 'Ada Example', patient: 'patient-of-reset', password },
    });
    await importLines([line('the first password')]);
    const { sub } = (await stored('reset'))!;
    const state = await system.register(appOf('patient-access', { environments: ['sandbox', 'production'] }));
    const authorize = system.authorizePath(state, { scope }, 'production');
    const thief = system.browser();
    const { location } = await thief(authorize);
    const body = new URLSearchParams({ username: 'reset', password: 'the first password' });
    const { location: consentPage } = await thief(location, { method: 'POST', body });
    const open = async () => {
      const rows = await system.source.query(
        `SELECT DISTINCT model FROM oidc_artifact WHERE jsonb_path_exists(payload, '$.** ? (@.accountId == $sub)', $1)
         ORDER BY model`,
        [JSON.stringify({ sub })],
      );
      return rows.map(({ model }: { model: string }) => model);
    };
    const before = await open();
    expect(before).toContain('Interaction');
    await importLines([line('the first password')]);
    expect(await open()).toEqual(before);
    await importLines([line('the second password')]);
    expect(await open()).toEqual([]);
    const after = await thief(consentPage);
    expect([after.status, after.location ?? '']).not.toEqual([303, expect.stringContaining('code=')]);
    expect((await signIn('reset', 'the first password')).status).toBe(401);
    expect((await signIn('reset', 'the second password')).status).toBe(303);
  }, 120_000);

  it('does not show in the time of a refusal, nor does the existence of a member', async () => {
    await system.addMember('production', 'own', 'sub-own');
    for (const username of ['other', 'own', 'nobody']) {
      const { status, taken } = await signIn(username, 'wrong password');
      expect([username, status]).toEqual([username, 401]);
      expect(taken).toBeGreaterThanOrEqual(1490);
    }
  }, 120_000);

  it('that is refused stops the import before its first line, and is named by its line', async () => {
    const costly = `$argon2id$v=19$m=4194304,t=1,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;
    const lines = [hashed('first', bcrypt), hashed('costly', costly), hashed('plain', 'secret text')];
    const refusal = importLines([
      ...lines,
      { ...hashed('both', bcrypt), password: 'x' },
      { username: 'none' },
    ]);
    await expect(refusal).rejects.toThrow(/:2: password_hash m \(KiB\) is 4194304, .* at most 65536\n/);
    await expect(refusal).rejects.toThrow(/:3: password_hash the scheme is not accepted/);
    await expect(refusal).rejects.toThrow(/:4: must have either password or password_hash/);
    await expect(refusal).rejects.toThrow(/:5: name .*\nNothing was imported\.$/);
    await expect(refusal).rejects.not.toThrow(/secret text|AAAA/);
    for (const username of ['first', 'costly', 'plain', 'both'])
      expect(await stored(username)).toBeUndefined();
  });
});
