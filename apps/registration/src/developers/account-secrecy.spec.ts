import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, hashAsInProduction, hashCheaply, passwordWorkOf } from '@payer/testing';
import { DataSource } from 'typeorm';
import { startPortal, textOf, Visitor, type Answer, type TestPortal } from '../testing/portal.js';

const password = 'correct horse battery';
const person = (email: string) => ({ name: 'Ada', organization: 'Apps Inc', email, password });
/** Limits that a test with many requests from one address does not reach. */
const limits = { SIGN_UP_LIMIT_PER_ADDRESS: '1000/60', RESET_LIMIT_PER_ADDRESS: '1000/60' };

/** The work of an answer at the cost of production (`libs/service/src/security/passwords.ts`). */
const oneHash = ['hash m=19456,t=2,p=1'];
const oneComparison = ['verify m=19456,t=2,p=1'];

let count = 0;
const unknown = () => `nobody-${++count}@client-app.example`;

/** The answer without the values that differ between any two answers. */
const shapeOf = (answer: Answer, email: string) => ({
  status: answer.status,
  location: answer.headers.get('location'),
  cookies: answer.headers.getSetCookie().map((cookie) => cookie.split('=')[0]),
  text: answer.text
    .replaceAll(email, 'EMAIL')
    .replace(/[\da-f]{8}-[\da-f-]{27}/g, 'UUID')
    .replace(/nonce(-|=")[\w+/=-]+/g, 'NONCE'),
});

/**
 * Expects the same answer for known and unknown addresses, after the same work on passwords: `work` lists it.
 * Everything else that an answer takes is a few milliseconds.
 */
async function expectAlike(
  known: () => string,
  ask: (email: string) => Promise<Answer>,
  work: readonly string[],
) {
  // The second round asks in the other order.
  for (const firstIsKnown of [true, false]) {
    const shapes = [];
    for (const email of firstIsKnown ? [known(), unknown()] : [unknown(), known()]) {
      const asked = await passwordWorkOf(() => ask(email));
      expect(asked.work).toEqual(work);
      shapes.push(shapeOf(asked.result, email));
    }
    expect(shapes[0]).toEqual(shapes[1]);
  }
}

/** Adds confirmed accounts. @returns a function that gives each of their addresses in turn */
async function accounts(portal: TestPortal, name: string, size: number): Promise<() => string> {
  const visitor = new Visitor(portal.service.url);
  const emails = Array.from({ length: size }, (_, n) => `${name}-${n}@client-app.example`);
  for (const email of emails) {
    await visitor.json('POST', '/api/developers', person(email));
    const [mail] = await mailsTo(visitor, email);
    const token = new URL(String(mail?.links[0])).searchParams.get('token');
    const answer =
      mail?.subject === 'Finish your sign-up'
        ? await visitor.json('POST', '/api/sign-ups', { token, password })
        : await visitor.json('POST', '/api/email-confirmations', { token });
    expect(answer.status).toBeLessThan(300);
  }
  let next = 0;
  return () => emails[next++ % size] as string;
}

const mailsTo = async (visitor: Visitor, email: string) =>
  (await visitor.json('GET', `/api/mailbox?to=${encodeURIComponent(email)}`)).json as {
    subject: string;
    text: string;
    links: string[];
  }[];

describe('a stranger does not learn whether an address has an account', () => {
  let portal: TestPortal;
  let visitor: Visitor;
  let known: () => string;
  beforeAll(async () => {
    hashAsInProduction();
    portal = await startPortal({ SIGN_UP: 'by-mail', ...limits });
    visitor = new Visitor(portal.service.url);
    known = await accounts(portal, 'known', 12);
  });
  afterAll(() => {
    hashCheaply();
    return portal?.stop();
  });

  it('from the sign-up of the API', () =>
    expectAlike(known, (email) => visitor.json('POST', '/api/developers', person(email)), oneHash));

  it('from the page of the sign-up', async () => {
    const others = await accounts(portal, 'others', 2);
    await expectAlike(others, (email) => visitor.post('/sign-up', person(email)), oneHash);
  });

  it('from the sign-in, on the page and by the API', async () => {
    const wrong = (email: string) => ({ email, password: 'not the password' });
    await expectAlike(known, (email) => visitor.json('POST', '/api/sessions', wrong(email)), oneComparison);
    await expectAlike(known, (email) => visitor.post('/sign-in', wrong(email)), oneComparison);
  });

  it('from the forgotten password, on the page and by the API', async () => {
    await expectAlike(known, (email) => visitor.json('POST', '/api/password-resets', { email }), []);
    await expectAlike(known, (email) => visitor.post('/forgot-password', { email }), []);
  });

  it('from the time of a forgotten password: the answer waits for nothing that only an account needs', async () => {
    const own = await new DataSource({ type: 'postgres', url: portal.config.DATABASE_URL }).initialize();
    const lock = own.createQueryRunner();
    const email = known();
    const links = async () =>
      (await mailsTo(visitor, email)).filter(({ subject }) => subject === 'Choose a new password').length;
    const before = await links();
    try {
      await lock.startTransaction();
      // No link to a new password can be stored, so an answer that waits for it does not come.
      await lock.query('SELECT 1 FROM account WHERE email = $1 FOR UPDATE', [email]);
      const answers = [
        await visitor.json('POST', '/api/password-resets', { email }),
        await visitor.post('/forgot-password', { email }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([202, 200]);
      expect(await links()).toBe(before);
    } finally {
      await lock.rollbackTransaction();
      await lock.release();
      await own.destroy();
    }
    await eventually(async () => (await links()) === before + 2);
  });

  it('from a sign-in with a passkey, which asks for no address', async () => {
    const options = async () => (await visitor.json('POST', '/api/sessions/passkey/options')).json;
    const { challenge: _first, ...first } = await options();
    const { challenge: _second, ...second } = await options();
    expect(first).toEqual(second);
    expect(first.allowCredentials ?? []).toEqual([]);
  });

  it('from an invitation that it sends, and from the page behind the link', async () => {
    const admin = (await accounts(portal, 'admin', 1))();
    const session = await visitor.json('POST', '/api/sessions', { email: admin, password });
    const { token } = session.json as { token: string };
    const [own] = (await visitor.json('GET', '/api/organizations', undefined, token)).json as {
      id: string;
    }[];
    const invite = (email: string) =>
      visitor.json('POST', `/api/organizations/${own?.id}/invitations`, { email, role: 'viewer' }, token);
    const keysOf = async (email: string) => Object.keys((await invite(email)).json as object);
    const [member, nobody] = [known(), unknown()];
    expect(await keysOf(member)).toEqual(await keysOf(nobody));
    const pages = await Promise.all(
      [member, nobody].map(async (email) => {
        const [mail] = await mailsTo(visitor, email);
        const link = new URL(String(mail?.links[0]));
        const page = await new Visitor(portal.service.url).get(`${link.pathname}${link.search}`);
        return textOf(page).replaceAll(email, 'EMAIL');
      }),
    );
    expect(pages[0]).toBe(pages[1]);
  });

  it('from a sign-in right after the sign-up', async () => {
    const fresh = unknown();
    await visitor.json('POST', '/api/developers', person(fresh));
    const [taken] = [known()];
    const other = { email: taken, password: 'another good password' };
    await visitor.json('POST', '/api/developers', { ...person(taken), ...other });
    const [first, second] = [
      await visitor.json('POST', '/api/sessions', { email: fresh, password }),
      await visitor.json('POST', '/api/sessions', other),
    ];
    expect(first.status).toBe(401);
    expect(shapeOf(first, fresh)).toEqual(shapeOf(second, taken));
  });
});

describe('a sign-up by mail', () => {
  let portal: TestPortal;
  beforeAll(async () => {
    portal = await startPortal({ SIGN_UP: 'by-mail', ...limits });
  });
  afterAll(() => portal?.stop());
  const stranger = () => new Visitor(portal.service.url);
  const pathOf = (link: string | undefined) => {
    const { pathname, search } = new URL(String(link));
    return `${pathname}${search}`;
  };

  const tokensTo = async (email: string) =>
    (await mailsTo(stranger(), email)).map(({ links }) =>
      String(new URL(String(links[0])).searchParams.get('token')),
    );
  const attacker = { organization: 'Evil Inc', name: 'Eve', password: 'known to the attacker' };

  it('says that a mail is on its way, signs nobody in, and opens the account with its link and the password', async () => {
    const visitor = stranger();
    const email = unknown();
    const sent = await visitor.post('/sign-up', person(email));
    expect(sent.status).toBe(200);
    expect(textOf(sent)).toContain(`We sent a mail to ${email}`);
    expect(visitor.token).toBe('');
    const [mail] = await mailsTo(visitor, email);
    const page = await visitor.get(pathOf(mail?.links[0]));
    expect(textOf(page)).toContain(`Create an account for ${email}`);
    expect(page.headers.get('referrer-policy')).toBe('same-origin');
    // The link alone creates nothing: a mail scanner may open it.
    expect((await visitor.json('POST', '/api/sessions', { email, password })).status).toBe(401);
    const token = new URL(String(mail?.links[0])).searchParams.get('token') ?? '';
    const finished = await visitor.post('/sign-up/finish', { token, password });
    expect(finished.headers.get('location')).toBe('/apps/new');
    expect(textOf(await visitor.get('/account'))).toContain(`${email} is confirmed.`);
    expect((await visitor.json('POST', '/api/sessions', { email, password })).status).toBe(200);
    expect((await visitor.post('/sign-up/finish', { token, password })).status).toBe(400);
    expect((await visitor.get(pathOf(mail?.links[0]))).status).toBe(400);
  });

  it('tells the owner of a taken address, and changes nothing', async () => {
    const visitor = stranger();
    const email = (await accounts(portal, 'owner', 1))();
    await visitor.json('POST', '/api/developers', {
      ...person(email.toUpperCase()),
      password: 'another good password',
    });
    const [mail] = await mailsTo(visitor, email);
    expect(mail?.subject).toBe('You have an account already');
    expect(mail?.links.map((link) => new URL(link).pathname)).toEqual(['/sign-in', '/forgot-password']);
    expect((await visitor.json('POST', '/api/sessions', { email, password })).status).toBe(200);
  });

  it('sends an address at most five mails in two days, whether it has an account or not', async () => {
    const visitor = stranger();
    const taken = (await accounts(portal, 'flooded', 1))();
    const before = (await mailsTo(visitor, taken)).length;
    const email = unknown();
    for (let n = 0; n < 8; n++)
      for (const to of [taken, email])
        expect((await visitor.json('POST', '/api/developers', person(to))).status).toBe(201);
    expect((await mailsTo(visitor, taken)).length - before).toBe(5);
    expect(await mailsTo(visitor, email)).toHaveLength(5);
  });

  it('keeps the way back to an invitation', async () => {
    const next = `/invitation?token=${'a'.repeat(43)}`;
    const visitor = stranger();
    const email = unknown();
    await visitor.post('/sign-up', { ...person(email), next });
    const [mail] = await mailsTo(visitor, email);
    const token = new URL(String(mail?.links[0])).searchParams.get('token') ?? '';
    const finished = await visitor.post('/sign-up/finish', { token, password });
    expect(finished.headers.get('location')).toBe(next);
  });

  it('by two links for one address makes one account', async () => {
    const visitor = stranger();
    const email = unknown();
    for (let n = 0; n < 2; n++) await visitor.json('POST', '/api/developers', person(email));
    const tokens = (await mailsTo(visitor, email)).map(({ links }) =>
      new URL(String(links[0])).searchParams.get('token'),
    );
    const finished = await Promise.all(
      tokens.map((token) => visitor.json('POST', '/api/sign-ups', { token, password })),
    );
    expect(finished.map(({ status }) => status).sort()).toEqual([201, 400]);
  });

  it('of a stranger with the same address is not opened by the click of the owner', async () => {
    const email = unknown();
    await stranger().json('POST', '/api/developers', { ...person(email), ...attacker });
    const [token = ''] = await tokensTo(email);
    const visitor = stranger();
    const page = await visitor.get(`/sign-up/finish?token=${token}`);
    expect(textOf(page)).not.toMatch(/Eve|Evil Inc/);
    expect((await visitor.post('/sign-up/finish', { token })).status).toBe(400);
    expect((await visitor.json('POST', '/api/sign-ups', { token })).status).toBe(400);
    const refused = await visitor.post('/sign-up/finish', { token, password });
    expect(refused.status).toBe(401);
    expect(textOf(refused)).toContain('The password is not the one of your sign-up.');
    const session = { email, password: attacker.password };
    expect((await visitor.json('POST', '/api/sessions', session)).status).toBe(401);
  });

  it('of the owner is opened by any link of the address, after a stranger has used up its mails', async () => {
    const visitor = stranger();
    const email = unknown();
    for (let n = 0; n < 6; n++)
      await visitor.json('POST', '/api/developers', { ...person(email.toUpperCase()), ...attacker });
    const sent = await visitor.json('POST', '/api/developers', person(email));
    expect(sent.status).toBe(201);
    await visitor.json('POST', '/api/developers', { ...person(email), ...attacker });
    const tokens = await tokensTo(email);
    expect(tokens).toHaveLength(5);
    const finished = await visitor.json('POST', '/api/sign-ups', { token: tokens[4], password });
    expect(finished.status).toBe(201);
    expect(finished.json).toMatchObject({ name: 'Ada', organization: 'Apps Inc', email });
    const signIn = (word: string) => visitor.json('POST', '/api/sessions', { email, password: word });
    expect((await signIn(attacker.password)).status).toBe(401);
    expect((await signIn(password)).status).toBe(200);
    const late = { token: tokens[0], password: attacker.password };
    expect((await visitor.json('POST', '/api/sign-ups', late)).status).toBe(400);
  });

  it('keeps a bounded number of waiting sign-ups of an address, the mailed and the newest ones', async () => {
    const visitor = stranger();
    const email = unknown();
    await visitor.json('POST', '/api/developers', person(email));
    for (let n = 0; n < 21; n++)
      await visitor.json('POST', '/api/developers', { ...person(email), ...attacker });
    const source = await new DataSource({ type: 'postgres', url: portal.config.DATABASE_URL }).initialize();
    const rows = await source.query('SELECT is_mailed FROM pending_sign_up WHERE email = $1', [email]);
    await source.destroy();
    expect(rows).toHaveLength(20);
    const [token] = await tokensTo(email);
    expect((await visitor.json('POST', '/api/sign-ups', { token, password })).status).toBe(201);
  });

  it('throttles guesses of the password, with a link that is valid or not', async () => {
    const visitor = stranger();
    const email = unknown();
    await visitor.json('POST', '/api/developers', person(email));
    const [valid = ''] = await tokensTo(email);
    for (const [token, status] of [
      [valid, 401],
      ['unknown', 400],
    ] as const) {
      const guess = () => visitor.json('POST', '/api/sign-ups', { token, password: 'a guess' });
      for (let n = 0; n < 8; n++) expect((await guess()).status).toBe(status);
      const throttled = await guess();
      expect(throttled.status).toBe(429);
      expect(Number(throttled.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    // Not even the right password passes.
    expect((await visitor.json('POST', '/api/sign-ups', { token: valid, password })).status).toBe(429);
    // The page has its own count, as the page of the sign-in does.
    const wrong = { token: valid, password: 'a guess' };
    for (let n = 0; n < 8; n++) expect((await visitor.post('/sign-up/finish', wrong)).status).toBe(401);
    const page = await visitor.post('/sign-up/finish', wrong);
    expect(page.status).toBe(429);
    expect(textOf(page)).toContain('Too many attempts');
    const source = await new DataSource({ type: 'postgres', url: portal.config.DATABASE_URL }).initialize();
    const entries = await source.query(
      "SELECT actor_role, actor FROM audit_entry WHERE action = 'sign-in-throttled' ORDER BY at",
    );
    await source.destroy();
    expect(entries).toEqual(Array.from({ length: 4 }, () => ({ actor_role: 'unknown', actor: null })));
  });
});

describe('a sign-up at once', () => {
  let portal: TestPortal;
  let visitor: Visitor;
  beforeAll(async () => {
    portal = await startPortal(limits);
    visitor = new Visitor(portal.service.url);
  });
  afterAll(() => portal?.stop());

  it('is the way of a local system; a new password by mail confirms the address', async () => {
    const email = unknown();
    expect((await visitor.post('/sign-up', person(email))).headers.get('location')).toBe('/apps/new');
    expect(textOf(await visitor.get('/account'))).toContain('is not confirmed yet');
    await visitor.json('POST', '/api/password-resets', { email });
    const mail = await eventually(async () => {
      const [newest] = await mailsTo(visitor, email);
      return newest?.subject === 'Choose a new password' && newest;
    });
    const token = new URL(String(mail.links[0])).searchParams.get('token');
    const next = { token, new_password: 'battery horse correct' };
    expect((await visitor.json('PUT', '/api/password-resets', next)).status).toBe(204);
    await visitor.post('/sign-in', { email, password: next.new_password });
    expect(textOf(await visitor.get('/account'))).toContain(`${email} is confirmed.`);
  });
});
