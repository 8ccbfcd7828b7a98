import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { importMembers } from '../members/import.js';
import { AuthServerUnderTest } from '../testing/auth-server-under-test.js';
import type { Browser } from '../testing/browser.js';
import { form, SecondFactorFlows, settingsPath } from '../testing/second-factor-flows.js';
import { hashOfRecoveryCode, newRecoveryCodes } from './recovery-codes.js';
import { beginStep, findStep, passStep } from './second-factor-steps.js';
import { codeAt } from '../testing/code-app.js';
import { newSecret, stepOf } from './totp.js';

/** A busy machine takes long for a test of many requests, and the next test must not meet the rest of it. */
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

describe('a time-based code (RFC 6238)', () => {
  it('is accepted in its step and one step around it, and no other code is', () => {
    const secret = newSecret();
    const at = 1_800_000_000_000;
    const code = codeAt(secret, at);
    const accepted = [-60, -30, 0, 30, 60].map(
      (later) => stepOf(secret, code, at + later * 1000) !== undefined,
    );
    expect(accepted).toEqual([false, true, true, true, false]);
    expect(stepOf(secret, code, at + 30_000)).toBe(at / 30_000);
    for (const wrong of ['', '12345', `${code}0`, ` ${code}`, 'abcdef', '１２３４５６'])
      expect(stepOf(secret, wrong, at)).toBeUndefined();
    expect(stepOf(newSecret(), code, at)).toBeUndefined();
  });

  it('has ten recovery codes beside it, none twice, which are read with or without hyphens', () => {
    const codes = newRecoveryCodes();
    expect(new Set(codes).size).toBe(10);
    for (const code of codes) {
      expect(code).toMatch(/^[a-z2-9]{4}(-[a-z2-9]{4}){3}$/);
      expect(hashOfRecoveryCode(` ${code.toUpperCase().replaceAll('-', ' ')}`)).toBe(
        hashOfRecoveryCode(code),
      );
    }
  });
});

describe('the second factor of a member', () => {
  const system = new AuthServerUnderTest();
  const flows = new SecondFactorFlows(system);
  beforeAll(async () => {
    await system.start();
    await flows.prepare();
  });
  afterAll(() => system.stop());
  afterEach(() => flows.clear());

  /** Fields of the audit entries about throttled tries: with an app at a sign-in, without in the settings. */
  const throttledAt = async (place: 'sign-in' | 'settings') =>
    (
      await system.source.query(
        "SELECT sub FROM audit_entry WHERE action = 'sign-in-throttled' AND (client_id IS NULL) = $1",
        [place === 'settings'],
      )
    ).map(({ sub }: { sub: string }) => sub);
  const giveCode = (go: Browser, path: string, code: string) => go(path, form({ code }));

  it('is added with the first code after a proof, with a QR code and recovery codes', async () => {
    const { text, codes, secret } = await flows.addCodeApp(system.browser());
    expect(text).toContain('<svg');
    expect(codes).toHaveLength(10);
    const [row] = await system.source.query('SELECT * FROM second_factor');
    expect(JSON.stringify(row)).not.toContain(secret);
    for (const code of codes) expect(JSON.stringify(row)).not.toContain(code);
    const acts = await system.source.query(
      "SELECT sub, detail FROM audit_entry WHERE action = 'second-factor-added'",
    );
    expect(acts).toEqual([{ sub: 'sub-p', detail: { by: 'otp' } }]);
  });

  it('asks for a code after the password, accepts it once, and the id_token says so', async () => {
    const { secret } = await flows.addCodeApp(system.browser());
    const go = system.browser();
    const { location } = await flows.givePassword(go);
    expect(location).toMatch(/^\/production\/interaction\/[\w-]+\/code$/);
    // The session has not begun: the interaction still asks for a sign-in.
    expect((await go(location.replace('/code', ''))).text).toContain('name="password"');
    // The app that asks gets the member back, who cancels.
    expect((await go(location)).text).toContain(`action="${location.replace(/code$/, 'cancel')}"`);
    const code = codeAt(secret, Date.now());
    expect((await giveCode(go, location, '000000')).status).toBe(401);
    const passed = await giveCode(go, location, code);
    expect(passed.status).toBe(303);
    expect(await flows.claimsAfter(go, passed.location)).toMatchObject({
      acr: 'https://refeds.org/profile/mfa',
      amr: ['pwd', 'otp', 'mfa'],
    });
    // Somebody who saw password and code cannot use them again.
    const again = system.browser();
    expect((await giveCode(again, (await flows.givePassword(again)).location, code)).status).toBe(401);
  });

  it('is not needed by a member without one, whose id_token says pwd, and never in the sandbox', async () => {
    const go = system.browser();
    expect((await flows.givePassword(go, 'other')).location).toContain('/production/authorize/');
    const { id_token = '' } = await system.connect(flows.app);
    expect(decodeJwt(id_token)).toMatchObject({ acr: 'https://refeds.org/profile/sfa', amr: ['pwd'] });
    expect((await system.browser()('/sandbox/second-factor')).status).toBe(404);
  });

  it('takes a recovery code once', async () => {
    const { codes } = await flows.addCodeApp(system.browser());
    const [code = ''] = codes;
    const statuses = [];
    for (let time = 0; time < 2; time++) {
      const go = system.browser();
      statuses.push((await giveCode(go, (await flows.givePassword(go)).location, code.toUpperCase())).status);
    }
    expect(statuses).toEqual([303, 401]);
    const [row] = await system.source.query('SELECT cardinality(recovery_codes) AS left FROM second_factor');
    expect(row).toEqual({ left: 9 });
  });

  it('takes no code of one member for another who has given a password in the interaction meanwhile', async () => {
    const passed = (sub: string) => passStep(system.source, 'production', 'uid', sub, 'otp');
    await beginStep(system.source, 'production', 'uid', { sub: 'sub-p' });
    expect(await passed('sub-o')).toBe(false);
    expect(await findStep(system.source, 'production', 'uid')).toEqual({ sub: 'sub-p' });
    expect(await passed('sub-p')).toBe(true);
    expect(await findStep(system.source, 'production', 'uid')).toEqual({ sub: 'sub-p', proof: 'otp' });
  });

  it('is asked for after the password of now: a new password ends the step of the earlier one', async () => {
    const { secret } = await flows.addCodeApp(system.browser());
    const importPassword = async (password: string) => {
      const file = join(mkdtempSync(join(tmpdir(), 'members-')), 'members.ndjson');
      const line = { username: 'member', name: 'Maria Lindqvist', patient: 'patient-of-sub-p', password };
      writeFileSync(file, JSON.stringify(line));
      await importMembers(system.config.DATABASE_URL, 'production', file);
    };
    const go = system.browser();
    const { location } = await flows.givePassword(go);
    await importPassword('a new password');
    const answer = await giveCode(go, location, codeAt(secret, Date.now()));
    expect([answer.status, answer.location]).toEqual([303, location.replace(/code$/, 'sign-in')]);
    await importPassword('password');
  });

  it('takes a button pressed twice for one press', async () => {
    const { secret } = await flows.addCodeApp(system.browser());
    const go = system.browser();
    const { location } = await flows.givePassword(go);
    const code = codeAt(secret, Date.now());
    const [one, two] = await Promise.all([
      go(location, { ...form({ code }), isLost: true }),
      giveCode(go, location, code),
    ]);
    expect([one.status, two.status]).toEqual([303, 303]);
    expect((await go(two.location)).status).toBe(303);
  });

  it.each([
    ['another browser', async (path: string) => giveCode(system.browser(), path, '123456'), 400],
    [
      'an interaction without the right password',
      async (_path: string, secret: string) => {
        const go = system.browser();
        const { interaction } = await flows.givePassword(go, 'member', 'wrong');
        return giveCode(go, `${interaction}/code`, codeAt(secret, Date.now()));
      },
      303,
    ],
    [
      'the interaction of another member',
      async (_path: string, secret: string) => {
        const go = system.browser();
        await flows.addCodeApp(system.browser(), 'other');
        return giveCode(go, (await flows.givePassword(go, 'other')).location, codeAt(secret, Date.now()));
      },
      401,
    ],
  ] as const)('is worth nothing in %s', async (_where, attack, status) => {
    const { secret } = await flows.addCodeApp(system.browser());
    const go = system.browser();
    const { location } = await flows.givePassword(go);
    const answer = await attack(location, secret);
    expect(answer.status).toBe(status);
    if (status === 303) expect(answer.location).toMatch(/\/sign-in$/);
  });

  it('cannot be guessed: after eight wrong codes even the right one waits', async () => {
    const { secret } = await flows.addCodeApp(system.browser());
    const go = system.browser();
    const { location } = await flows.givePassword(go);
    for (let wrong = 0; wrong < 8; wrong++) await giveCode(go, location, String(100_000 + wrong));
    const answer = await giveCode(go, location, codeAt(secret, Date.now()));
    expect([answer.status, answer.text]).toEqual([429, expect.stringContaining('too many tries')]);
    expect(await throttledAt('sign-in')).toEqual(['sub-p']);
  });

  it('cannot be guessed in the settings either, and the throttled tries are in the audit trail', async () => {
    const go = system.browser();
    await flows.addCodeApp(go);
    const confirm = () => go(`${settingsPath}/confirm`, form({ password: 'wrong', code: '1' }));
    for (let wrong = 0; wrong < 8; wrong++) expect((await confirm()).status).toBe(400);
    expect((await confirm()).status).toBe(429);
    expect(await throttledAt('settings')).toEqual(['sub-p']);
  });

  it('cannot be added with a wrong code, by another site, for another member, or without a session', async () => {
    const go = system.browser();
    const { sealed, secret } = await flows.addCodeApp(go);
    await system.source.query('DELETE FROM second_factor');
    await flows.confirm(go);
    const add = async (browser: Browser, fields: Record<string, string>, headers = {}) =>
      (await browser(`${settingsPath}/code-app`, { ...form({ sealed, ...fields }), headers })).status;
    const code = codeAt(secret, Date.now());
    expect(await add(go, { code: '000000' })).toBe(400);
    expect(await add(go, { code }, { origin: 'https://evil.example' })).toBe(403);
    expect(await add(system.browser(), { code })).toBe(401);
    const other = await flows.signIn(system.browser(), 'other');
    await flows.confirm(other);
    await add(other, { code });
    await add(go, { sealed: `${sealed}x`, code });
    expect(await system.source.query('SELECT 1 FROM second_factor')).toEqual([]);
    expect(await add(go, { code: codeAt(secret, Date.now()) })).toBe(200);
  });

  it('is removed after a proof with password and code, which no session alone gives', async () => {
    const { secret } = await flows.addCodeApp(system.browser());
    const go = system.browser();
    const { location } = await flows.givePassword(go);
    await go((await giveCode(go, location, codeAt(secret, Date.now()))).location);
    await system.source.query('UPDATE second_factor SET last_step = 0');
    const remove = () => go(`${settingsPath}/code-app/remove`, form({}));
    const code = () => codeAt(secret, Date.now());
    for (const fields of [{ code: code(), password: 'wrong' }, { code: '000000' }, {}] as Record<
      string,
      string
    >[]) {
      expect((await flows.confirm(go, fields)).status).toBe(400);
      expect((await remove()).location).toBe(settingsPath);
    }
    expect((await flows.confirm(go, { code: code() })).location).toBe(settingsPath);
    expect((await remove()).location).toBe(`${settingsPath}?done=codes-removed`);
    expect((await remove()).location).toBe(settingsPath);
    expect((await flows.givePassword(system.browser())).location).toContain('/production/authorize/');
  });

  it('changes after a proof of the same session only, for ten minutes', async () => {
    const go = await flows.signIn(system.browser());
    const opens = async (browser: Browser) => (await browser(`${settingsPath}/code-app`)).status;
    expect(await opens(go)).toBe(303);
    await flows.confirm(go);
    expect(await opens(go)).toBe(200);
    // A sign-out ends the session, and the browser keeps its other cookies.
    await system.source.query("DELETE FROM oidc_artifact WHERE model = 'Session'");
    await flows.signIn(go);
    expect(await opens(go)).toBe(303);
    await flows.confirm(go);
    const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 10 * 60_000);
    expect(await opens(go)).toBe(303);
    clock.mockRestore();
    expect(await opens(go)).toBe(200);
    // Another browser of the member adds a factor. The password alone is no proof any more.
    await flows.addCodeApp(system.browser());
    expect((await go(settingsPath)).text).toContain('name="code"');
    expect((await go(`${settingsPath}/code-app/remove`, form({}))).location).toBe(settingsPath);
    expect(await system.source.query('SELECT 1 FROM second_factor')).toHaveLength(1);
  });
});
