import { newServiceKey } from '@payer/events';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunningService } from '@payer/service';
import { eventually, startTestPostgres, type TestPostgres } from '@payer/testing';
import { DataSource } from 'typeorm';
import { readConfig, type Config } from '../config.js';
import { registration } from '../service.js';
import { passwordProblem } from './password-rules.js';
import { PasswordsService } from './passwords.service.js';
import { migrated } from '../testing/migrated.js';

const owner = { email: 'maria.lind@client-app.example', name: 'Maria Lindqvist', organization: 'Apps Inc' };

describe('passwords that people choose', () => {
  it.each(['correct horse battery', 'a-long-password', 'Tr4vel! by nightly trains', 'zwölf kleine Äpfel'])(
    'may be %s',
    (password) => expect(passwordProblem(password, owner)).resolves.toBeUndefined(),
  );

  it.each([
    ['short', 'correcthors', /at least 12/],
    ['long', 'x'.repeat(201), /at most 200/],
    ['a common one', 'password1234', /too easy/],
    ['a common one with capitals and signs', 'Password12345!', /too easy/],
    ['a common one between signs', '123-sunshine-456', /too easy/],
    ['a common one twice', 'passwordpassword', /too easy/],
    ['a row of keys', 'qwertyuiop12', /too easy/],
    ['a sequence', '123456789012', /too easy/],
    ['a famous one', 'correct horse battery staple', /too easy/],
    ['one letter', 'aaaaaaaaaaaaaaaa', /too easy/],
    ['the email', 'maria.lind@client-app.example', /name or your email/],
    ['of the email', 'xk7-MARIA-qz81-vv', /name or your email/],
    ['of the name', 'qz81-lindqvist-xk7', /name or your email/],
  ])('may not be %s: %s', (_what, password, problem) =>
    expect(passwordProblem(password, owner)).resolves.toMatch(problem),
  );
});

describe('accounts', () => {
  let postgres: TestPostgres;
  let config: Config;
  let service: RunningService;
  let source: DataSource;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    config = readConfig({
      NODE_ENV: 'test',
      PORT: '0',
      LOG_LEVEL: 'silent',
      DATABASE_URL: await postgres.database('registration', migrated),
      EVENTS_DATABASE_URL: await postgres.database('events'),
      RESET_LIMIT_PER_ADDRESS: '40/60',
    });
    service = await registration.start(config);
    source = await new DataSource({ type: 'postgres', url: config.DATABASE_URL }).initialize();
  });
  afterAll(async () => {
    await source?.destroy();
    await service?.close();
    await postgres?.stop();
  });

  async function send(method: string, path: string, body?: object, headers: Record<string, string> = {}) {
    const response = await fetch(`${service.url}${path}`, {
      method,
      redirect: 'manual',
      headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return {
      status: response.status,
      headers: response.headers,
      text,
      // eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers are asserted on, not used
      json: (isJson ? JSON.parse(text) : undefined) as any,
    };
  }
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const form = (path: string, fields: Record<string, string>, cookie = '') =>
    fetch(`${service.url}${path}`, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie },
      body: new URLSearchParams(fields),
    });
  const signIn = (email: string, password: string) => send('POST', '/api/sessions', { email, password });
  async function account(name: string) {
    const email = `${name}@client-app.example`;
    const password = 'correct horse battery';
    const signedUp = await send('POST', '/api/developers', { ...owner, email, password });
    expect(signedUp.status).toBe(201);
    return { email, password, token: (await signIn(email, password)).json.token as string };
  }
  /** The mails to an address, without the mail of the sign-up. */
  const mailbox = async (to: string) =>
    (await send('GET', `/api/mailbox?to=${encodeURIComponent(to)}`)).json.filter(
      ({ subject }: { subject: string }) => subject !== 'Confirm your email address',
    );

  it('a weak password signs nobody up, by API and page, and the answer names the field', async () => {
    const weak = { ...owner, email: 'weak@client-app.example', password: 'password1234' };
    const refused = await send('POST', '/api/developers', weak);
    expect(refused).toMatchObject({ status: 400, json: { errors: [{ field: 'password' }] } });
    const page = await form('/sign-up', weak);
    expect(page.status).toBe(400);
    expect(await page.text()).toContain('too easy to guess');
  });

  it('the owner changes the password with the old one; all other sessions end', async () => {
    const { email, password, token } = await account('changing');
    const other = (await signIn(email, password)).json.token;
    const change = (body: object) => send('PUT', '/api/developers/me/password', body, bearer(token));
    expect((await change({ current_password: 'wrong', new_password: 'battery horse correct' })).status).toBe(
      401,
    );
    expect((await change({ current_password: password, new_password: 'password1234' })).json).toMatchObject({
      errors: [{ field: 'new_password' }],
    });
    expect((await send('GET', '/api/apps', undefined, bearer(other))).status).toBe(200);
    const changed = await change({ current_password: password, new_password: 'battery horse correct' });
    expect(changed.status).toBe(204);
    expect((await send('GET', '/api/apps', undefined, bearer(other))).status).toBe(401);
    expect((await send('GET', '/api/apps', undefined, bearer(token))).status).toBe(200);
    expect((await signIn(email, password)).status).toBe(401);
    expect((await signIn(email, 'battery horse correct')).status).toBe(200);
    expect(await mailbox(email)).toMatchObject([{ subject: 'Your password was changed' }]);
  });

  it('a stolen session cannot guess the current password without end', async () => {
    const { token } = await account('stolen');
    const change = (password: string) =>
      send(
        'PUT',
        '/api/developers/me/password',
        { current_password: password, new_password: 'battery horse correct' },
        bearer(token),
      );
    const guesses = await Promise.all(Array.from({ length: 30 }, (_, n) => change(`guess number ${n}`)));
    expect(guesses.filter(({ status }) => status === 401)).toHaveLength(8);
    const refused = await change('correct horse battery');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('a link by mail sets a new password once, ends all sessions, and nobody learns who has an account', async () => {
    const { email, password, token } = await account('forgetful');
    const ask = (to: string) => send('POST', '/api/password-resets', { email: to });
    const [known, unknown] = [await ask(email.toUpperCase()), await ask('nobody@client-app.example')];
    expect(known.status).toBe(202);
    expect({ status: known.status, text: known.text }).toEqual({
      status: unknown.status,
      text: unknown.text,
    });
    const pages = [
      await form('/forgot-password', { email }),
      await form('/forgot-password', { email: 'no@x.example' }),
    ];
    expect(await pages[0]!.text()).toBe(await pages[1]!.text());
    const mails = await eventually(async () => {
      const found = await mailbox(email);
      return found.length === 2 && found;
    });
    expect(await mailbox('nobody@client-app.example')).toEqual([]);
    expect(mails[0]).toMatchObject({ to: email, text: expect.stringContaining(mails[0].links[0]) });
    const link = new URL(mails[0].links[0]);
    const reset = link.searchParams.get('token')!;
    expect(JSON.stringify(await source.query('SELECT * FROM password_reset'))).not.toContain(reset);
    const page = await fetch(`${service.url}${link.pathname}${link.search}`);
    expect(page.headers.get('referrer-policy')).toBe('same-origin');
    expect(await page.text()).toContain('Choose a new password');

    const set = (new_password: string, of = reset) =>
      send('PUT', '/api/password-resets', { token: of, new_password });
    expect((await set('password1234')).status).toBe(400);
    expect((await set('battery horse correct', 'invented')).json).toMatchObject({ code: 'link_expired' });
    const statuses = (await Promise.all([1, 2, 3].map(() => set('battery horse correct')))).map(
      ({ status }) => status,
    );
    expect(statuses.sort()).toEqual([204, 400, 400]);
    // The other link and the sessions are invalid as well.
    const second = new URL(mails[1].links[0]).searchParams.get('token')!;
    expect((await set('battery horse correct', second)).json).toMatchObject({ code: 'link_expired' });
    expect((await send('GET', '/api/apps', undefined, bearer(token))).status).toBe(401);
    expect((await signIn(email, password)).status).toBe(401);
    expect((await signIn(email, 'battery horse correct')).status).toBe(200);
    const actions = await source.query('SELECT action FROM audit_entry WHERE actor = $1 AND action LIKE $2', [
      email,
      'password%',
    ]);
    expect(actions.map(({ action }: { action: string }) => action).sort()).toEqual([
      'password-reset',
      'password-reset-requested',
      'password-reset-requested',
    ]);
  });

  it('a link that is too old sets nothing, and one account gets a bounded number of mails', async () => {
    const { email } = await account('flooded');
    // The answer does not wait for the mail.
    const sending = vi.spyOn(
      PasswordsService.prototype as unknown as { sendReset(): Promise<void> },
      'sendReset',
    );
    for (let n = 0; n < 10; n++) await send('POST', '/api/password-resets', { email });
    expect(sending).toHaveBeenCalledTimes(10);
    await Promise.all(sending.mock.results.map(({ value }) => value as Promise<void>));
    sending.mockRestore();
    const mails = await mailbox(email);
    expect(mails).toHaveLength(3);
    await source.query("UPDATE password_reset SET expires_at = now() - interval '1 s'");
    const token = new URL(mails[0].links[0]).searchParams.get('token');
    const late = await send('PUT', '/api/password-resets', { token, new_password: 'battery horse correct' });
    expect(late.json).toMatchObject({ code: 'link_expired' });
  });

  it('sessions are listed, ended one by one, and all at once; nobody ends those of others', async () => {
    const { email, password, token } = await account('listing');
    const stranger = await account('stranger');
    const other = (await signIn(email, password)).json.token;
    const list = async (of: string) => (await send('GET', '/api/sessions', undefined, bearer(of))).json;
    const sessions = await list(token);
    expect(sessions).toHaveLength(2);
    expect(sessions[0]).toMatchObject({ started_at: expect.any(String), address: expect.any(String) });
    expect(JSON.stringify(sessions)).not.toContain(token);
    const own = sessions.find(({ is_current }: { is_current: boolean }) => is_current);
    const elsewhere = sessions.find(({ is_current }: { is_current: boolean }) => !is_current);
    const end = (id: string, of: string) => send('DELETE', `/api/sessions/${id}`, undefined, bearer(of));
    expect((await end(elsewhere.id, stranger.token)).status).toBe(404);
    expect((await end(elsewhere.id, token)).status).toBe(204);
    expect((await send('GET', '/api/apps', undefined, bearer(other))).status).toBe(401);
    expect((await list(token)).map(({ id }: { id: string }) => id)).toEqual([own.id]);
    await signIn(email, password);
    expect((await send('DELETE', '/api/sessions', undefined, bearer(token))).status).toBe(204);
    expect((await send('GET', '/api/sessions', undefined, bearer(token))).status).toBe(401);
    expect(
      await source.query(
        'SELECT 1 FROM session WHERE subject = (SELECT id::text FROM account WHERE email = $1)',
        [email],
      ),
    ).toEqual([]);
    expect((await send('GET', '/api/apps', undefined, bearer(stranger.token))).status).toBe(200);
  });

  it('the page changes the password, shows and ends sessions', async () => {
    const { email, password, token: api } = await account('paging');
    const signedIn = await form('/sign-in', { email, password });
    const cookie = signedIn.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    const show = async () => (await fetch(`${service.url}/account`, { headers: { cookie } })).text();
    expect(await show()).toMatch(/This session[\s\S]*Sign out everywhere/);
    const wrong = await form(
      '/account/password',
      { current_password: 'x', new_password: 'battery horse correct' },
      cookie,
    );
    expect(wrong.status).toBe(400);
    expect(await wrong.text()).toContain('The current password is wrong');
    const fields = { current_password: password, new_password: 'battery horse correct' };
    const changed = await form('/account/password', fields, cookie);
    expect(changed.headers.get('location')).toBe('/account?changed=password');
    expect((await send('GET', '/api/apps', undefined, bearer(api))).status).toBe(401);
    const id = (await signIn(email, 'battery horse correct')).json.token as string;
    const [, listed = ''] = /name="id" value="([^"]+)"/.exec(await show()) ?? [];
    expect((await form('/account/sessions', { id: listed }, cookie)).status).toBe(303);
    expect((await send('GET', '/api/apps', undefined, bearer(id))).status).toBe(401);
    expect((await form('/account/sessions', { all: 'true' }, cookie)).status).toBe(303);
    expect((await fetch(`${service.url}/account`, { headers: { cookie }, redirect: 'manual' })).status).toBe(
      303,
    );
  });

  const openLinks =
    'SELECT 1 FROM password_reset JOIN account ON id = account_id WHERE lower(email) = lower($1)';

  it('a password that the platform team has chosen outlives a restart, until another one is configured', async () => {
    const { PLATFORM_EMAIL: email, PLATFORM_PASSWORD: configured } = config;
    const { token } = (await signIn(email, configured)).json as { token: string };
    const body = { current_password: configured, new_password: 'battery horse correct' };
    expect((await send('PUT', '/api/developers/me/password', body, bearer(token))).status).toBe(204);
    await service.close();
    service = await registration.start(config);
    expect((await signIn(email, configured)).status).toBe(401);
    expect((await signIn(email, 'battery horse correct')).status).toBe(200);
    const old = (await signIn(email, 'battery horse correct')).json.token as string;
    await send('POST', '/api/password-resets', { email });
    await eventually(() => source.query(openLinks, [email]).then((links) => links.length > 0));
    await service.close();
    const changed = { ...config, PLATFORM_PASSWORD: 'another-platform-password' };
    service = await registration.start(changed);
    // A person with the old password is signed in no more, and has no link to a new one.
    expect((await send('GET', '/api/apps', undefined, bearer(old))).status).toBe(401);
    expect(await source.query(openLinks, [email])).toEqual([]);
    const fresh = (await signIn(email, 'another-platform-password')).json.token as string;
    const resets =
      "SELECT actor_role, detail FROM audit_entry WHERE action = 'password-reset' AND actor IS NULL";
    const entry = { actor_role: 'system', detail: { email, by: 'configuration' } };
    expect(await source.query(resets)).toEqual([entry]);
    // The next start with the same value ends nothing.
    await service.close();
    service = await registration.start(changed);
    expect((await send('GET', '/api/apps', undefined, bearer(fresh))).status).toBe(200);
    expect(await source.query(resets)).toEqual([entry]);
  });

  it('in production a weak platform password stops the start, and there is no mailbox', async () => {
    await service.close();
    const { pem, jwk } = newServiceKey();
    const others = ['auth-server', 'consent', 'fhir-api'].map((name) => [name, [newServiceKey().jwk]]);
    const production = {
      ...config,
      NODE_ENV: 'production' as const,
      SERVICE_SIGNING_KEY: pem,
      SERVICE_PUBLIC_KEYS: JSON.stringify({ ...Object.fromEntries(others), registration: [jwk] }),
    };
    for (const PLATFORM_PASSWORD of ['platform-password1', 'qwertyuiopasdfgh', 'correcthorsebatterystaple'])
      await expect(registration.start({ ...production, PLATFORM_PASSWORD })).rejects.toThrow(
        /PLATFORM_PASSWORD (is too easy|must not contain)/,
      );
    service = await registration.start({ ...production, PLATFORM_PASSWORD: 'battery horse correct' });
    expect((await send('GET', '/api/mailbox?to=x@y.example')).status).toBe(404);
    expect((await send('GET', '/mailbox')).status).toBe(404);
  });
});
