import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startConsentUnderTest } from '../testing/consent-under-test.js';

describe('the consent request', () => {
  let test: Awaited<ReturnType<typeof startConsentUnderTest>>;
  beforeAll(async () => {
    test = await startConsentUnderTest();
  });
  afterAll(() => test.stop());

  const expiredRequest =
    'This request has expired, or it was opened in another browser. Go back to the app and start again.';

  it('a request is good once; expired, altered and foreign ones are refused and nothing is shared', async () => {
    const go = test.browser();
    const request = await test.ask(go);
    expect((await go(`/sandbox/consent?request=${request}`)).status).toBe(303);
    const unsigned = [{ alg: 'none' }, { sub: 'sub-1' }].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    );
    for (const [path, token] of [
      ['/sandbox', request],
      ['/sandbox', await test.ask(go, {}, '-1m')],
      ['/sandbox', `${request.slice(0, -8)}AAAAAAAA`],
      ['/production', await test.ask(go)],
      ['/sandbox', await test.ask(go, { environment: 'production' })],
      ['/sandbox', await test.ask(go, { return_to: 'https://evil.example/' })],
      ['/sandbox', await test.ask(go, { browser: undefined })],
      ['/sandbox', await test.encrypt(`${unsigned.join('.')}.`)],
      ['/sandbox', 'rubbish'],
      ['/sandbox', `${await test.ask(go)}&request=twice`],
    ] as const) {
      const refused = await go(`${path}/consent?request=${token}`);
      expect(refused.status).toBe(400);
      expect(refused.text).toContain(expiredRequest);
    }
  });

  it('a request belongs to the browser that auth-server sent: elsewhere it shows nobody and signs nobody in', async () => {
    const { go: member } = await test.allow({ sub: 'sub-own', member_name: 'Own Name', client_id: 'own' });
    const attacker = test.browser();
    const planted = await test.ask(attacker, { sub: 'sub-attacker', member_name: 'Attacker Name' });
    // In a browser without cookies, in a browser that consent knows, and in one with a signed-in member.
    const known = test.browser();
    await known('/sandbox/consent/begin?interaction=x');
    for (const victim of [test.browser(), known, member]) {
      const opened = await victim(`/sandbox/consent?request=${planted}`);
      expect(opened.status).toBe(400);
      expect(opened.text).toContain(expiredRequest);
      expect(opened.text).not.toMatch(/Attacker|Maria|Health &lt;/);
    }
    expect((await known('/sandbox/api/grants')).status).toBe(401);
    expect((await member('/sandbox/')).text).toContain('Own Name');
    expect(await test.source.query("SELECT 1 FROM pending_consent WHERE sub = 'sub-attacker'")).toHaveLength(
      0,
    );
    // It was not used up for its own browser either.
    const { status, location } = await attacker(`/sandbox/consent?request=${planted}`);
    expect(status).toBe(303);
    const elsewhere = await test.browser()(location);
    expect(elsewhere.status).toBe(400);
    expect(elsewhere.text).toContain(expiredRequest);
    expect(elsewhere.text).not.toMatch(/Attacker|Health &lt;/);
  });

  it('the begin page leads to auth-server only, and no address on the way names the member', async () => {
    const go = test.browser();
    const begun = await go('/sandbox/consent/begin?interaction=abc-1');
    expect(begun.location).toMatch(
      /^http:\/\/localhost:4000\/sandbox\/interaction\/abc-1\/consent\?browser=[\w-]{43}$/,
    );
    expect((await go('/sandbox/consent/begin?interaction=abc-1')).location).toBe(begun.location);
    for (const interaction of ['', '../../x', 'a/b', '%2F%2Fevil.example', 'a&interaction=b'])
      expect((await go(`/sandbox/consent/begin?interaction=${interaction}`)).status).toBe(400);
    const request = await test.ask(go);
    const page = await go(`/sandbox/consent?request=${request}`);
    const decided = await test.answer(go, page.location, 'allow');
    for (const address of [request, page.location, decided.location]) {
      const texts = address.split(/[.=&?/]/).map((part) => Buffer.from(part, 'base64url').toString());
      expect([address, ...texts].join(' ')).not.toMatch(/Maria|Lindqvist|"p1"|patient"/);
    }
  });

  it('a request of one member cannot be answered by another browser, or from another site', async () => {
    const go = test.browser();
    const { location } = await go(`/sandbox/consent?request=${await test.ask(go)}`);
    expect((await test.answer(test.browser(), location, 'allow')).status).toBe(400);
    const foreign = await go(location, {
      method: 'POST',
      headers: { origin: 'https://evil.example' },
      body: new URLSearchParams({ decision: 'allow' }),
    });
    expect(foreign.status).toBe(403);
  });
});
