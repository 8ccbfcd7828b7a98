import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { generateKeyPairSync } from 'node:crypto';
import { SoftwareAuthenticator, type Deviation } from '@payer/testing/authenticator';
import { DataSource } from 'typeorm';
import {
  portalOrigin,
  startPortal,
  textOf,
  Visitor,
  type Answer,
  type TestPortal,
} from '../testing/portal.js';
import { PortalChallenges } from './portal-challenges.js';

const password = 'correct horse battery';

describe('challenges of passkeys', () => {
  const challenges = (key = 'a-sealing-key-of-tests') =>
    new PortalChallenges({ PORTAL_SEALING_KEY: key } as never);
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

  it('are accepted for their own act and account, from a service with the same key', () => {
    const add = text(challenges().issue({ act: 'add', subject: 'ada' }));
    expect(challenges().isIssued(add, { act: 'add', subject: 'ada' })).toBe(true);
    expect(challenges().isIssued(add, { act: 'add', subject: 'bob' })).toBe(false);
    expect(challenges().isIssued(add, { act: 'sign-in' })).toBe(false);
    expect(challenges('another-key').isIssued(add, { act: 'add', subject: 'ada' })).toBe(false);
    const tampered = Buffer.from(add, 'base64url');
    tampered[20]! ^= 1;
    expect(challenges().isIssued(text(tampered), { act: 'add', subject: 'ada' })).toBe(false);
    for (const invented of ['', 'x', text(Buffer.alloc(56))])
      expect(challenges().isIssued(invented, { act: 'sign-in' })).toBe(false);
  });

  it('expire after five minutes', () => {
    const now = Date.now();
    const issued = text(challenges().issue({ act: 'sign-in' }, now));
    const clock = vi.spyOn(Date, 'now');
    clock.mockReturnValue(now + 299_000);
    expect(challenges().isIssued(issued, { act: 'sign-in' })).toBe(true);
    clock.mockReturnValue(now + 300_000);
    expect(challenges().isIssued(issued, { act: 'sign-in' })).toBe(false);
    clock.mockRestore();
  });
});

describe('passkeys', () => {
  let portal: TestPortal;
  let source: DataSource;
  let visitor: Visitor;
  beforeAll(async () => {
    portal = await startPortal();
    visitor = new Visitor(portal.service.url);
    source = await new DataSource({ type: 'postgres', url: portal.config.DATABASE_URL }).initialize();
  });
  afterAll(async () => {
    await source?.destroy();
    await portal?.stop();
  });

  const call = (method: string, path: string, body?: object, token?: string) =>
    visitor.json(method, path, body, token);
  async function account(name: string) {
    const email = `${name}@client-app.example`;
    const person = new Visitor(portal.service.url);
    const body = { name: 'Pat Key', organization: 'Apps Inc', email, password };
    expect((await person.post('/sign-up', body)).status).toBe(303);
    return { email, token: person.token, person };
  }
  const own = '/api/developers/me/passkeys';
  const options = async (token: string) =>
    (await call('POST', `${own}/options`, { current_password: password }, token)).json;
  async function added(token: string, name = 'Laptop') {
    const authenticator = new SoftwareAuthenticator(portalOrigin);
    const response = authenticator.create(await options(token));
    const answer = await call('POST', own, { name, response }, token);
    expect(answer.status).toBe(201);
    return authenticator;
  }
  const signInOptions = async () => (await call('POST', '/api/sessions/passkey/options')).json;
  const signIn = async (authenticator: SoftwareAuthenticator, deviation: Deviation = {}): Promise<Answer> =>
    call('POST', '/api/sessions/passkey', {
      response: authenticator.get(await signInOptions(), deviation),
    });
  const mailsOf = async (email: string) =>
    (await call('GET', `/api/mailbox?to=${encodeURIComponent(email)}`)).json as { subject: string }[];

  it('sign in without an email; the owner gets mails, names, and removes them', async () => {
    const { email, token } = await account('adding');
    const authenticator = await added(token);
    const answer = await signIn(authenticator);
    expect(answer.status).toBe(200);
    expect((await call('GET', '/api/developers/me', undefined, answer.json.token)).json).toMatchObject({
      email,
    });
    const renamed = await call('PATCH', `${own}/${authenticator.id}`, { name: 'Old laptop' }, token);
    expect(renamed.json).toMatchObject({ name: 'Old laptop', last_used_at: expect.any(String) });
    expect((await call('GET', own, undefined, token)).json).toEqual([renamed.json]);
    expect((await call('DELETE', `${own}/${authenticator.id}`, undefined, token)).status).toBe(204);
    expect((await signIn(authenticator)).status).toBe(401);
    expect((await mailsOf(email)).map(({ subject }) => subject)).toEqual(
      expect.arrayContaining([
        'A passkey was added to your account',
        'A passkey was removed from your account',
      ]),
    );
    const trail = await source.query('SELECT action, detail FROM audit_entry WHERE actor = $1 ORDER BY id', [
      email,
    ]);
    expect(trail).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ action: 'passkey-added' }),
        expect.objectContaining({ action: 'signed-in', detail: { method: 'passkey' } }),
        expect.objectContaining({ action: 'passkey-removed' }),
      ]),
    );
    expect(JSON.stringify(trail)).not.toContain('laptop');
  });

  it('options for a sign-in are the same for everybody and name no account', async () => {
    await added((await account('unnamed')).token);
    const { challenge, ...rest } = await signInOptions();
    const { challenge: other, ...others } = await signInOptions();
    expect(challenge).not.toBe(other);
    expect(rest).toEqual(others);
    expect(rest).toMatchObject({ rpId: 'portal.example', userVerification: 'required' });
    expect(rest.allowCredentials ?? []).toEqual([]);
  });

  it('a stolen session adds none without the password', async () => {
    const { token } = await account('robbed');
    const wrong = await call('POST', `${own}/options`, { current_password: 'a wrong password' }, token);
    expect(wrong).toMatchObject({ status: 401, json: { code: 'wrong_credentials' } });
    const { challenge } = await signInOptions();
    const response = new SoftwareAuthenticator(portalOrigin).create({
      challenge,
      rp: { id: 'portal.example' },
      user: { id: 'x' },
    });
    const refused = await call('POST', own, { name: 'Thief', response }, token);
    expect(refused).toMatchObject({ status: 400, json: { code: 'passkey_refused' } });
  });

  it.each<[string, Deviation]>([
    ['of another site', { origin: 'http://portal.example.attacker.example' }],
    ['of another port', { origin: `${portalOrigin}:8080` }],
    ['for another relying party', { rpId: 'attacker.example' }],
    ['without user verification', { isVerified: false }],
    ['to a challenge that we did not issue', { challenge: 'AAAAAAAAAAAAAAAAAAAAAA' }],
  ])('an answer %s neither adds a passkey nor signs in', async (_kind, deviation) => {
    const { token } = await account(`deviation-${Math.random().toString(36).slice(2)}`);
    const response = new SoftwareAuthenticator(portalOrigin).create(await options(token), deviation);
    expect((await call('POST', own, { name: 'Bad', response }, token)).status).toBe(400);
    expect((await call('GET', own, undefined, token)).json).toEqual([]);
    const refused = await signIn(await added(token), deviation);
    expect(refused).toMatchObject({ status: 401, json: { code: 'passkey_not_accepted' } });
  });

  it('an answer with the signature of another key, or of another account, signs nobody in', async () => {
    const ada = await added((await account('ada')).token);
    const bob = await added((await account('bob')).token);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect((await signIn(ada, { signWith: privateKey })).status).toBe(401);
    expect((await signIn(bob, { id: ada.id })).status).toBe(401);
    expect((await signIn(ada, { userHandle: Buffer.from('someone').toString('base64url') })).status).toBe(
      401,
    );
    expect((await signIn(ada)).status).toBe(200);
  });

  it('an answer works once, for a sign-in and for an addition', async () => {
    const { token } = await account('once');
    const authenticator = await added(token);
    const response = authenticator.get(await signInOptions());
    const statuses = await Promise.all(
      [1, 2, 3].map(async () => (await call('POST', '/api/sessions/passkey', { response })).status),
    );
    expect(statuses.sort()).toEqual([200, 401, 401]);
    const creation = await options(token);
    const [first, second] = [1, 2].map(() => new SoftwareAuthenticator(portalOrigin).create(creation));
    expect((await call('POST', own, { name: 'First', response: first }, token)).status).toBe(201);
    const again = await call('POST', own, { name: 'Second', response: second }, token);
    expect(again).toMatchObject({ status: 400, json: { code: 'passkey_refused' } });
  });

  it('a counter that does not grow is refused: the passkey may be a copy', async () => {
    const authenticator = await added((await account('counting')).token);
    const with_ = async (counter: number) => (await signIn(authenticator, { counter })).status;
    expect([await with_(5), await with_(5), await with_(4), await with_(0), await with_(6)]).toEqual([
      200, 401, 401, 401, 200,
    ]);
    const concurrent = await Promise.all([with_(7), with_(7), with_(7)]);
    expect(concurrent.sort()).toEqual([200, 401, 401]);
  });

  it('of another account are not found, and a body cannot name their owner', async () => {
    const victim = await account('victim');
    const stranger = await account('passkey-stranger');
    const theirs = await added(victim.token);
    for (const [method, body] of [
      ['PATCH', { name: 'Mine' }],
      ['DELETE', undefined],
    ] as const) {
      const answer = await call(method, `${own}/${theirs.id}`, body, stranger.token);
      expect(answer).toMatchObject({ status: 404, json: { code: 'passkey_not_found' } });
    }
    const response = new SoftwareAuthenticator(portalOrigin).create(await options(victim.token));
    const crossed = await call('POST', own, { name: 'Crossed', response }, stranger.token);
    expect(crossed.status).toBe(400);
    const mine = new SoftwareAuthenticator(portalOrigin).create(await options(stranger.token));
    const [{ id }] = await source.query('SELECT id FROM account WHERE email = $1', [victim.email]);
    const body = { name: 'Mine', response: mine, account_id: id, counter: -1 };
    expect((await call('POST', own, body, stranger.token)).status).toBe(201);
    expect((await call('GET', own, undefined, victim.token)).json).toHaveLength(1);
    const known = { ...mine, ...theirs.create(await options(stranger.token)) };
    const taken = await call('POST', own, { name: 'Taken', response: known }, stranger.token);
    expect(taken).toMatchObject({ status: 409, json: { code: 'passkey_known' } });
  });

  it('an ended account signs in with none', async () => {
    const { email, token } = await account('ended');
    const authenticator = await added(token);
    await source.query('UPDATE account SET ended_at = now() WHERE email = $1', [email]);
    expect((await signIn(authenticator)).status).toBe(401);
  });

  it('an account has a bounded number of them', async () => {
    const { token } = await account('collector');
    await source.query(
      `INSERT INTO passkey (credential_id, account_id, name, public_key, counter, transports, is_synced)
       SELECT 'filled-' || n, account.id, 'Filled', '', 0, '{}', false
       FROM account, generate_series(1, 20) n WHERE email = 'collector@client-app.example'`,
    );
    const response = new SoftwareAuthenticator(portalOrigin).create(await options(token));
    const refused = await call('POST', own, { name: 'One more', response }, token);
    expect(refused).toMatchObject({ status: 409, json: { code: 'too_many_passkeys' } });
  });

  it('malformed answers are refused by name, never with a server error', async () => {
    const { token } = await account('malformed');
    const good = new SoftwareAuthenticator(portalOrigin).create(await options(token));
    const bodies = [
      {},
      { name: 'X', response: null },
      { name: 'X', response: { ...good, id: '<script>' } },
      { name: 'X', response: { ...good, rawId: 'other' } },
      { name: '\u202e', response: good },
      { name: 'X', response: { ...good, response: { ...good.response, attestationObject: 'AAAA' } } },
      { name: 'X', response: { ...good, response: { ...good.response, clientDataJSON: 'e30' } } },
    ];
    for (const body of bodies)
      expect({ body, status: (await call('POST', own, body, token)).status }).toEqual({ body, status: 400 });
    for (const response of [
      null,
      {},
      { ...good },
      { ...good, response: { ...good.response, signature: 'A' } },
    ])
      expect([400, 401]).toContain((await call('POST', '/api/sessions/passkey', { response })).status);
  });

  it('the pages add, rename, use and remove one, and say what a browser without scripts cannot do', async () => {
    const { token, person } = await account('page');
    expect((await visitor.get('/account/passkeys')).status).toBe(303);
    const asScript = (path: string, body: object) =>
      person.send('POST', path, {
        headers: { 'content-type': 'application/json', origin: portalOrigin },
        body: JSON.stringify(body),
      });
    const wrong = await asScript('/account/passkeys/options', { current_password: 'wrong' });
    expect(wrong).toMatchObject({ status: 401, json: { detail: 'The current password is wrong.' } });
    const { json } = await asScript('/account/passkeys/options', { current_password: password });
    const authenticator = new SoftwareAuthenticator(portalOrigin);
    const response = JSON.stringify(authenticator.create(json));
    expect((await person.post('/account/passkeys', { name: '', response })).status).toBe(400);
    const done = await person.post('/account/passkeys', { name: '<b>Key</b>', response });
    expect(done.headers.get('location')).toBe('/account/passkeys?done=added');
    const page = await person.get('/account/passkeys?done=added');
    expect(page.text).toContain('&lt;b>Key&lt;/b>');
    const withoutScript = await person.post('/account/passkeys', { name: 'Key', current_password: password });
    expect(withoutScript.status).toBe(400);
    expect(textOf(withoutScript)).toContain('Turn JavaScript on');
    expect(withoutScript.text).not.toContain(password);

    const other = new Visitor(portal.service.url);
    const noScript = await other.post('/sign-in/passkey', { response: '' });
    expect(noScript.status).toBe(400);
    expect(textOf(noScript)).toContain('sign in with your password');
    const asked = await other.send('POST', '/sign-in/passkey/options', { headers: { origin: portalOrigin } });
    const signed = { response: JSON.stringify(authenticator.get(asked.json)) };
    expect((await other.post('/sign-in/passkey', signed)).headers.get('location')).toBe('/');
    expect((await other.get('/account')).status).toBe(200);
    const replayed = await new Visitor(portal.service.url).post('/sign-in/passkey', signed);
    expect(replayed.status).toBe(401);

    const at = `/account/passkeys/${authenticator.id}`;
    expect((await person.post(at, { name: 'Renamed' })).status).toBe(303);
    expect(textOf(await person.get(`${at}/remove`))).toContain('Remove “Renamed”?');
    const { person: thief } = await account('page-thief');
    expect((await thief.get(`${at}/remove`)).status).toBe(404);
    expect((await thief.post(at, { name: 'Mine' })).status).toBe(404);
    await thief.post(`${at}/remove`);
    expect((await call('GET', own, undefined, token)).json).toMatchObject([{ name: 'Renamed' }]);
    expect((await person.post(`${at}/remove`)).headers.get('location')).toContain('done=removed');
    expect((await call('GET', own, undefined, token)).json).toEqual([]);
  });

  it.each(['/account/passkeys', '/account/passkeys/options', '/sign-in/passkey', '/sign-in/passkey/options'])(
    'a page of another site cannot send %s',
    async (path) => {
      const answer = await visitor.send('POST', path, {
        headers: { origin: 'https://attacker.example', 'content-type': 'application/json' },
        body: '{}',
      });
      expect(answer.status).toBe(403);
    },
  );
});
