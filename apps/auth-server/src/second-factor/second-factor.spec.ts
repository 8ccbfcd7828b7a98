import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { randomUUID } from 'node:crypto';
import { consentDecisionType, planRules, type AppState } from '@payer/smart';
import { decodeJwt } from 'jose';
import { appOf, redirectUri } from '../testing/apps.js';
import { AuthServerUnderTest } from '../testing/auth-server-under-test.js';
import type { Browser } from '../testing/browser.js';
import { hashOfRecoveryCode, newRecoveryCodes } from './recovery-codes.js';
import { beginStep, findStep, passStep } from './second-factor-steps.js';
import { codeAt, newSecret, stepOf } from './totp.js';

/** A busy machine takes long for a test of many requests, and the next test must not meet the rest of it. */
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const scope = planRules['patient-access'].scopes.join(' ');
const form = (fields: Record<string, string>) => ({ method: 'POST', body: new URLSearchParams(fields) });
const origin = { origin: 'http://localhost:4000' };

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
  let state: AppState;
  beforeAll(async () => {
    await system.start();
    await system.addMember('production', 'member', 'sub-p');
    await system.addMember('production', 'other', 'sub-o');
    state = await system.register(
      appOf('patient-access', {
        environments: ['sandbox', 'production'],
        reviewed: null,
      } as Partial<AppState>),
    );
  }, 60_000);
  afterAll(() => system.stop());
  afterEach(async () => {
    await system.source.query('DELETE FROM second_factor');
    await system.source.query('DELETE FROM attempt');
  });

  /** Types name and password on the sign-in page of an app. @returns the address after it */
  async function givePassword(go: Browser, username = 'member', password = 'password') {
    const { location } = await go(system.authorizePath(state, { scope }, 'production'));
    const posted = await go(location, form({ username, password }));
    return { ...posted, interaction: location };
  }
  async function signedIn(go: Browser, username = 'member') {
    const { location } = await givePassword(go, username);
    await go(location);
    return go;
  }
  /** Adds a second factor. @returns its secret and the recovery codes */
  async function enrol(go: Browser, username = 'member') {
    await signedIn(go, username);
    const { text } = await go('/production/second-factor');
    const secret = (/class="secret">([A-Z2-7 ]+)</.exec(text)?.[1] ?? '').replaceAll(' ', '');
    const sealed = /name="sealed" value="([^"]+)"/.exec(text)?.[1] ?? '';
    const code = codeAt(secret, Date.now());
    const added = await go('/production/second-factor', {
      ...form({ sealed, code, password: 'password' }),
      headers: origin,
    });
    // The present code counts as unused again, so that no test waits for the next one.
    await system.source.query('UPDATE second_factor SET last_step = 0');
    const codes = [...added.text.matchAll(/<code>([a-z2-9-]{19})<\/code>/g)].map(([, one = '']) => one);
    return { secret, sealed, codes, text, added };
  }
  const giveCode = (go: Browser, path: string, code: string) => go(path, form({ code }));

  it('is added with the first code and the password, with a QR code and recovery codes', async () => {
    const { text, codes, secret } = await enrol(system.browser());
    expect(text).toContain('<svg');
    expect(codes).toHaveLength(10);
    const [row] = await system.source.query('SELECT * FROM second_factor');
    expect(JSON.stringify(row)).not.toContain(secret);
    for (const code of codes) expect(JSON.stringify(row)).not.toContain(code);
    const acts = await system.source.query(
      "SELECT sub FROM audit_entry WHERE action = 'second-factor-added'",
    );
    expect(acts).toEqual([{ sub: 'sub-p' }]);
  });

  it('asks for a code after the password, accepts it once, and the id_token says so', async () => {
    const { secret } = await enrol(system.browser());
    const go = system.browser();
    const { location } = await givePassword(go);
    expect(location).toMatch(/^\/production\/interaction\/[\w-]+\/code$/);
    // The session has not begun: the interaction still asks for a sign-in.
    expect((await go(location.replace('/code', ''))).text).toContain('name="password"');
    const code = codeAt(secret, Date.now());
    expect((await giveCode(go, location, '000000')).status).toBe(401);
    const passed = await giveCode(go, location, code);
    expect(passed.status).toBe(303);
    const begin = new URL((await go((await go(passed.location)).location)).location);
    const uid = begin.searchParams.get('interaction');
    const asked = await system.consent.requestOf(
      (await go(`/production/interaction/${uid}/consent?browser=${'b'.repeat(43)}`)).location,
    );
    const decision = await system.consent.sign(
      {
        ...{ interaction: asked.interaction, sub: asked.sub, client_id: asked.client_id, decision: 'allow' },
        ...{ choice: asked.choice, grant_id: randomUUID(), scope: asked.scope },
        grant_expires_at: Math.floor(Date.now() / 1000) + 3600,
      },
      consentDecisionType,
      'production',
    );
    const { location: back } = await go((await go(`${asked.return_to}?decision=${decision}`)).location);
    const parameters = {
      ...{ grant_type: 'authorization_code', redirect_uri: redirectUri },
      code: new URL(back).searchParams.get('code') ?? '',
    };
    const { body } = await system.token(state, parameters, 'production');
    expect(decodeJwt(body.id_token ?? '')).toMatchObject({
      acr: 'https://refeds.org/profile/mfa',
      amr: ['pwd', 'otp', 'mfa'],
    });
    // Somebody who saw password and code cannot use them again.
    const again = system.browser();
    expect((await giveCode(again, (await givePassword(again)).location, code)).status).toBe(401);
  });

  it('is not needed by a member without one, whose id_token says pwd, and never in the sandbox', async () => {
    const go = system.browser();
    expect((await givePassword(go, 'other')).location).toContain('/production/authorize/');
    const { id_token = '' } = await system.connect(state);
    expect(decodeJwt(id_token)).toMatchObject({ acr: 'https://refeds.org/profile/sfa', amr: ['pwd'] });
    expect((await system.browser()('/sandbox/second-factor')).status).toBe(404);
  });

  it('takes a recovery code once', async () => {
    const { codes } = await enrol(system.browser());
    const [code = ''] = codes;
    const statuses = [];
    for (let time = 0; time < 2; time++) {
      const go = system.browser();
      statuses.push((await giveCode(go, (await givePassword(go)).location, code.toUpperCase())).status);
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

  it('takes a button pressed twice for one press', async () => {
    const { secret } = await enrol(system.browser());
    const go = system.browser();
    const { location } = await givePassword(go);
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
        const { interaction } = await givePassword(go, 'member', 'wrong');
        return giveCode(go, `${interaction}/code`, codeAt(secret, Date.now()));
      },
      303,
    ],
    [
      'the interaction of another member',
      async (_path: string, secret: string) => {
        const go = system.browser();
        await enrol(system.browser(), 'other');
        return giveCode(go, (await givePassword(go, 'other')).location, codeAt(secret, Date.now()));
      },
      401,
    ],
  ] as const)('is worth nothing in %s', async (_where, attack, status) => {
    const { secret } = await enrol(system.browser());
    const go = system.browser();
    const { location } = await givePassword(go);
    const answer = await attack(location, secret);
    expect(answer.status).toBe(status);
    if (status === 303) expect(answer.location).toMatch(/\/sign-in$/);
  });

  it('cannot be guessed: after eight wrong codes even the right one waits', async () => {
    const { secret } = await enrol(system.browser());
    const go = system.browser();
    const { location } = await givePassword(go);
    for (let wrong = 0; wrong < 8; wrong++) await giveCode(go, location, String(100_000 + wrong));
    const answer = await giveCode(go, location, codeAt(secret, Date.now()));
    expect([answer.status, answer.text]).toEqual([429, expect.stringContaining('too many tries')]);
  });

  it('cannot be added with a wrong password or code, by another site, for another member, or without a session', async () => {
    const go = system.browser();
    const { sealed, secret } = await enrol(go);
    await system.source.query('DELETE FROM second_factor');
    const add = async (
      browser: Browser,
      fields: Record<string, string>,
      headers: Record<string, string> = origin,
    ) => (await browser('/production/second-factor', { ...form({ sealed, ...fields }), headers })).status;
    const code = codeAt(secret, Date.now());
    expect(await add(go, { code, password: 'wrong' })).toBe(400);
    expect(await add(go, { code: '000000', password: 'password' })).toBe(400);
    expect(await add(go, { code, password: 'password' }, { origin: 'https://evil.example' })).toBe(403);
    expect(await add(system.browser(), { code, password: 'password' })).toBe(401);
    const other = await signedIn(system.browser(), 'other');
    await add(other, { code, password: 'password' });
    await add(go, { sealed: `${sealed}x`, code, password: 'password' });
    expect(await system.source.query('SELECT 1 FROM second_factor')).toEqual([]);
    expect(await add(go, { code: codeAt(secret, Date.now()), password: 'password' })).toBe(200);
  });

  it('is removed with password and code only', async () => {
    const go = system.browser();
    const { secret } = await enrol(go);
    const remove = async (fields: Record<string, string>) =>
      (await go('/production/second-factor/remove', { ...form(fields), headers: origin })).status;
    const code = () => codeAt(secret, Date.now());
    expect(await remove({ code: code(), password: 'wrong' })).toBe(400);
    expect(await remove({ code: '000000', password: 'password' })).toBe(400);
    expect(await remove({ code: code(), password: 'password' })).toBe(200);
    expect((await givePassword(system.browser())).location).toContain('/production/authorize/');
  });
});
