import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { hashPassword } from '@payer/service';
import { hashAsInProduction } from '@payer/testing';
import type { Deviation, SoftwareAuthenticator } from '@payer/testing/authenticator';
import { beginRemoval } from '../member-removal/member-removal.js';
import { importMembers } from '../members/import.js';
import { AuthServerUnderTest } from '../testing/auth-server-under-test.js';
import type { Browser } from '../testing/browser.js';
import { form, newAuthenticator, SecondFactorFlows, settingsPath } from '../testing/second-factor-flows.js';
import { MemberPasskeys, signInOf } from './member-passkeys.js';
import { codeAt } from '../testing/code-app.js';

/** A busy machine takes long for a test of many requests, and the next test must not meet the rest of it. */
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

describe('a passkey of a member', () => {
  const system = new AuthServerUnderTest();
  const flows = new SecondFactorFlows(system);
  beforeAll(async () => {
    await system.start();
    await flows.prepare();
  });
  afterAll(() => system.stop());
  afterEach(() => flows.clear());

  const passkeys = () => system.source.query('SELECT * FROM member_passkey');
  /** The second step of a new sign-in, after the right password. */
  async function secondStep(username = 'member') {
    const go = system.browser();
    const { location: path } = await flows.givePassword(go, username);
    return { go, path };
  }
  async function signInWith(authenticator: SoftwareAuthenticator, deviation?: Deviation) {
    const { go, path } = await secondStep();
    return (await flows.usePasskey(go, path, authenticator, deviation)).status;
  }

  it('is added after a proof, brings recovery codes, and replaces the code at a sign-in', async () => {
    const { authenticator, codes, added } = await flows.addPasskey(system.browser());
    expect([added.status, codes.length]).toEqual([200, 10]);
    const { go, path } = await secondStep();
    expect(path).toMatch(/^\/production\/interaction\/[\w-]+\/code$/);
    const page = (await go(path)).text;
    expect(page).toContain('data-passkey="get"');
    expect(page).toContain('name="code"');
    // The session has not begun: the interaction still asks for a sign-in.
    expect((await go(path.replace('/code', ''))).text).toContain('name="password"');
    const passed = await flows.usePasskey(go, path, authenticator);
    expect(passed.status).toBe(303);
    expect(await flows.claimsAfter(go, passed.location)).toMatchObject({
      acr: 'https://refeds.org/profile/mfa',
      amr: ['pwd', 'pop', 'user', 'mfa'],
    });
    expect(await flows.trail()).toEqual([
      { action: 'second-factor-added', sub: 'sub-p', detail: { by: 'passkey' } },
      { action: 'signed-in', sub: 'sub-p', detail: { by: 'passkey' } },
    ]);
    const recovered = await secondStep();
    expect((await recovered.go(recovered.path, form({ code: codes[0] ?? '' }))).status).toBe(303);
  });

  it('works for the host of the configured issuer, whatever Host a request names', async () => {
    const go = await flows.signIn(system.browser());
    await flows.confirm(go);
    const { rp, user, ...options } = (await flows.creationOptions(go)) as unknown as {
      rp: { id: string };
      user: { id: string };
      attestation: string;
      authenticatorSelection: object;
    };
    expect(rp.id).toBe('localhost');
    expect(Buffer.from(user.id, 'base64url').toString()).not.toContain('sub-p');
    expect(options).toMatchObject({
      attestation: 'none',
      authenticatorSelection: { userVerification: 'required' },
    });
    const headers = { 'content-type': 'application/json', 'x-forwarded-host': 'evil.example' };
    const asked = await go(`${settingsPath}/passkeys/options`, { method: 'POST', headers, body: '{}' });
    expect(JSON.parse(asked.text)).toMatchObject({ rp: { id: 'localhost' } });
  });

  it.each<[string, Deviation]>([
    ['of another site', { origin: 'http://localhost:4000.attacker.example' }],
    ['of another port', { origin: 'http://localhost:4001' }],
    ['for another relying party', { rpId: 'attacker.example' }],
    ['without user verification', { isVerified: false }],
    ['to a challenge that we did not issue', { challenge: 'AAAAAAAAAAAAAAAAAAAAAA' }],
  ])('an answer %s neither adds one nor passes the second step', async (_kind, deviation) => {
    const go = await flows.signIn(system.browser());
    await flows.confirm(go);
    expect((await flows.createPasskey(go, deviation)).added.status).toBe(400);
    expect(await passkeys()).toEqual([]);
    const { authenticator } = await flows.createPasskey(go);
    expect(await signInWith(authenticator, deviation)).toBe(401);
    expect(await signInWith(authenticator)).toBe(303);
    expect((await flows.trail()).map(({ action }) => action)).toEqual([
      'second-factor-added',
      'sign-in-refused',
      'signed-in',
    ]);
  });

  it('of one member never works for another, with any user handle', async () => {
    const mine = (await flows.addPasskey(system.browser())).authenticator;
    const theirs = (await flows.addPasskey(system.browser(), 'other')).authenticator;
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const handleOf = (deviation: Deviation = {}) =>
      mine.get({ challenge: 'AA' }, deviation).response.userHandle;
    for (const [authenticator, deviation] of [
      [theirs, {}],
      [theirs, { userHandle: handleOf() }],
      [theirs, { id: mine.id }],
      [theirs, { id: mine.id, userHandle: handleOf() }],
      [mine, { signWith: privateKey }],
      [mine, { userHandle: Buffer.from('someone').toString('base64url') }],
    ] as const)
      expect(await signInWith(authenticator, deviation)).toBe(401);
    expect(await signInWith(mine)).toBe(303);
  });

  it('a challenge belongs to one sign-in of one member, works once, and expires', async () => {
    const { authenticator } = await flows.addPasskey(system.browser());
    await flows.addPasskey(system.browser(), 'other');
    const [one, two, other] = [await secondStep(), await secondStep(), await secondStep('other')];
    const send = async (go: Browser, path: string, response: object) =>
      (await go(path, form({ response: JSON.stringify(response) }))).status;
    const answer = async ({ go, path }: { go: Browser; path: string }) =>
      authenticator.get(await flows.requestOptions(go, path));
    // Another interaction, and the interaction of another member.
    expect(await send(two.go, two.path, await answer(one))).toBe(401);
    expect(await send(two.go, two.path, await answer(other))).toBe(401);
    const { go } = one;
    await go((await flows.usePasskey(go, one.path, authenticator)).location);
    // The challenge of the settings at a sign-in, and the other way around.
    const confirm = `${settingsPath}/confirm`;
    expect(await send(two.go, two.path, await answer({ go, path: confirm }))).toBe(401);
    expect(await send(go, confirm, await answer(two))).toBe(400);
    const late = await answer(two);
    const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 5 * 60_000);
    expect(await send(two.go, two.path, late)).toBe(401);
    clock.mockRestore();
    const good = form({ response: JSON.stringify(await answer(two)) });
    // A button pressed twice is one press.
    const [first, second] = await Promise.all([
      two.go(two.path, { ...good, isLost: true }),
      two.go(two.path, good),
    ]);
    expect([first.status, second.status]).toEqual([303, 303]);
  });

  it('one answer is accepted once, and one counter is, however many arrive together', async () => {
    const { authenticator } = await flows.addPasskey(system.browser());
    const store = system.service.app.get(MemberPasskeys);
    const use = signInOf('production', 'an-interaction', 'sub-p');
    const answer = async (deviation?: Deviation) =>
      authenticator.get(await store.requestOptions('production', 'sub-p', use), deviation);
    const accept = (response: object) =>
      system.source.transaction((manager) => store.accept(manager, 'production', 'sub-p', use, response));
    // Without a counter, the challenge alone decides.
    const same = await answer();
    const accepted = await Promise.all([accept(same), accept(same), accept(same)]);
    expect(accepted.filter(Boolean)).toHaveLength(1);
    const withCounter = await Promise.all([1, 2, 3].map(() => answer({ counter: 7 })));
    expect((await Promise.all(withCounter.map(accept))).filter(Boolean)).toHaveLength(1);
  });

  it('a counter that does not grow is refused: the passkey may be a copy', async () => {
    const { authenticator } = await flows.addPasskey(system.browser());
    const statuses = [];
    for (const counter of [5, 5, 4, 0, 6]) statuses.push(await signInWith(authenticator, { counter }));
    expect(statuses).toEqual([303, 401, 401, 401, 303]);
  });

  it('cannot be tried without end: after eight refusals even the right one waits', async () => {
    const { authenticator } = await flows.addPasskey(system.browser());
    for (let wrong = 0; wrong < 8; wrong++)
      expect(await signInWith(authenticator, { isVerified: false })).toBe(401);
    expect(await signInWith(authenticator)).toBe(429);
  });

  it('is asked for after the password only', async () => {
    await flows.addPasskey(system.browser());
    const go = system.browser();
    const { interaction } = await flows.givePassword(go, 'member', 'wrong');
    expect((await go(`${interaction}/code/options`, form({}))).status).toBe(401);
    const other = await secondStep();
    const stranger = system.browser();
    expect((await stranger(`${other.path}/options`, form({}))).status).toBe(400);
    const headers = { origin: 'https://evil.example' };
    for (const path of [other.path, `${other.path}/options`])
      expect((await other.go(path, { ...form({}), headers })).status).toBe(403);
  });

  it('cannot be added without a recent proof, nor with the options of another session', async () => {
    const go = await flows.signIn(system.browser());
    expect((await go(`${settingsPath}/passkeys/options`, form({}))).status).toBe(401);
    expect((await go(`${settingsPath}/passkeys`)).location).toBe(settingsPath);
    await flows.confirm(go);
    const other = await flows.signIn(system.browser(), 'other');
    await flows.confirm(other);
    const again = await flows.signIn(system.browser());
    await flows.confirm(again);
    const response = JSON.stringify(newAuthenticator().create(await flows.creationOptions(go)));
    const add = (browser: Browser) => browser(`${settingsPath}/passkeys`, form({ name: 'Phone', response }));
    expect((await add(system.browser())).status).toBe(401);
    expect((await add(other)).status).toBe(400);
    expect((await add(again)).status).toBe(400);
    expect((await add(go)).status).toBe(200);
    expect((await add(go)).status).toBe(400);
    expect(await passkeys()).toHaveLength(1);
  });

  it('proves at the settings who it is, without a password, and is listed and removed there', async () => {
    const { authenticator, codes } = await flows.addPasskey(system.browser());
    const { go, path } = await secondStep();
    await go((await flows.usePasskey(go, path, authenticator)).location);
    const remove = (id: string) => go(`${settingsPath}/passkeys/remove`, form({ id }));
    expect((await remove(authenticator.id)).location).toBe(settingsPath);
    expect((await flows.confirm(go)).status).toBe(400);
    const confirmed = await flows.usePasskey(go, `${settingsPath}/confirm`, authenticator);
    expect(confirmed.location).toBe(settingsPath);
    const second = await flows.createPasskey(go);
    // The first factor brought the recovery codes.
    expect([second.added.location, second.codes]).toEqual([`${settingsPath}?done=passkey-added`, []]);
    await flows.addPasskey(system.browser(), 'other');
    const [theirs] = await system.source.query(
      "SELECT credential_id AS id FROM member_passkey WHERE sub = 'sub-o'",
    );
    expect((await remove(theirs.id)).location).toBe(settingsPath);
    expect(await passkeys()).toHaveLength(3);
    const page = (await go(settingsPath)).text;
    expect(page.match(/<bdi>Phone<\/bdi><\/h3>/g)).toHaveLength(2);
    expect(page).toContain('You have 10 recovery codes left.');
    expect((await remove(authenticator.id)).location).toBe(`${settingsPath}?done=passkey-removed`);
    expect(await signInWith(authenticator)).toBe(401);
    expect(await signInWith(second.authenticator)).toBe(303);
    await remove(second.authenticator.id);
    // With the last factor its recovery codes end, and the password is enough again.
    expect((await go(`${settingsPath}?done=passkey-removed`)).text).toContain('with your password alone now');
    expect((await flows.givePassword(system.browser())).location).toContain('/production/authorize/');
    expect(codes).toHaveLength(10);
  });

  it('and a code app stand beside each other, and each goes alone', async () => {
    const go = system.browser();
    const { secret, codes } = await flows.addCodeApp(go);
    const { authenticator, added } = await flows.createPasskey(go);
    expect([added.location, codes.length]).toEqual([`${settingsPath}?done=passkey-added`, 10]);
    expect(await signInWith(authenticator)).toBe(303);
    const { go: withCode, path } = await secondStep();
    expect((await withCode(path, form({ code: codeAt(secret, Date.now()) }))).status).toBe(303);
    await go(`${settingsPath}/code-app/remove`, form({}));
    const left = await secondStep();
    expect((await left.go(left.path, form({ code: codeAt(secret, Date.now()) }))).status).toBe(401);
    expect((await left.go(left.path, form({ code: codes[0] ?? '' }))).status).toBe(303);
    expect(await signInWith(authenticator)).toBe(303);
  });

  it('has a visible name only, and a member has at most ten', async () => {
    const go = await flows.signIn(system.browser());
    await flows.confirm(go);
    const name = async (typed: string) => {
      const authenticator = newAuthenticator();
      const response = JSON.stringify(authenticator.create(await flows.creationOptions(go)));
      await go(`${settingsPath}/passkeys`, form({ name: typed, response }));
      const [row] = await system.source.query('SELECT name FROM member_passkey WHERE credential_id = $1', [
        authenticator.id,
      ]);
      return row?.name;
    };
    expect(await name(' <b>Key</b>\u202e\0 ')).toBe('<b>Key</b>');
    expect(await name('\u200b')).toBe('My device');
    expect((await go(settingsPath)).text).toContain('&lt;b>Key&lt;/b>');
    for (let more = 0; more < 8; more++) expect(await name('Phone')).toBe('Phone');
    expect(await name('Phone')).toBeUndefined();
    expect(await passkeys()).toHaveLength(10);
  });

  it('malformed answers are refused, never with a server error', async () => {
    const { authenticator } = await flows.addPasskey(system.browser());
    const { go, path } = await secondStep();
    const good = authenticator.get(await flows.requestOptions(go, path));
    for (const response of ['', '{', '1', '{}', '[]', JSON.stringify({ ...good, id: '<script>' })])
      expect({ response, status: (await go(path, form({ response }))).status }).toEqual({
        response,
        status: 401,
      });
  });

  it('goes with the member, and another password of the roster leaves it', async () => {
    const { authenticator } = await flows.addPasskey(system.browser());
    const file = join(tmpdir(), `members-${randomUUID()}.ndjson`);
    // The import refuses a cheap hash.
    hashAsInProduction();
    const line = { username: 'member', password_hash: await hashPassword('password'), name: 'Maria L' };
    await writeFile(file, JSON.stringify({ ...line, patient: 'patient-of-sub-p' }));
    await importMembers(system.config.DATABASE_URL, 'production', file);
    await rm(file);
    expect(await signInWith(authenticator)).toBe(303);
    await system.addMember('production', 'leaving', 'sub-l');
    await flows.addPasskey(system.browser(), 'leaving');
    expect(await passkeys()).toHaveLength(2);
    await beginRemoval(system.source, 'production', 'leaving');
    expect(await passkeys()).toHaveLength(1);
    await system.source.query('DELETE FROM member_removal');
  });
});
