import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { startPortal, textOf, Visitor, type TestPortal } from '../testing/portal.js';

const request = {
  description: 'Shows costs.',
  privacy_policy_uri: 'https://client-app.example/privacy',
  tos_uri: 'https://client-app.example/terms',
  contacts: ['ada@client-app.example'],
};

describe('the confirmation of an email address', () => {
  let portal: TestPortal;
  let visitor: Visitor;
  beforeAll(async () => {
    portal = await startPortal({ EMAIL_CONFIRMATION: 'required' });
    visitor = new Visitor(portal.service.url);
  });
  afterAll(() => portal?.stop());

  /** Signs a developer up by the API. */
  async function signUp() {
    const email = `${randomUUID()}@client-app.example`;
    const person = { name: 'Ada', organization: 'Apps Inc', email, password: 'a-long-password' };
    await visitor.json('POST', '/api/developers', person);
    const { token } = (await visitor.json('POST', '/api/sessions', person)).json as { token: string };
    const call = (method: string, path: string, body?: unknown) => visitor.json(method, path, body, token);
    const created = await call('POST', '/api/apps', {
      client_name: 'Costs',
      redirect_uris: ['https://client-app.example/cb'],
    });
    const app = `/api/apps/${created.json.client_id}`;
    await call('PUT', `${app}/subscription`, { plan: 'patient-access' });
    const ask = () => call('POST', `${app}/production-request`, request);
    return { email, call, ask };
  }
  const linksOf = async (email: string) =>
    ((await visitor.json('GET', `/api/mailbox?to=${email}`)).json as { links: string[] }[]).map(
      ({ links }) => new URL(String(links[0])),
    );

  it('opens requests for production', async () => {
    const { email, ask } = await signUp();
    const refused = await ask();
    expect(refused.status).toBe(409);
    expect(refused.json.code).toBe('email_unconfirmed');
    const [link] = await linksOf(email);
    const opened = await visitor.get(`${link?.pathname}${link?.search}`);
    expect(opened.status).toBe(200);
    expect(opened.headers.get('referrer-policy')).toBe('same-origin');
    expect(textOf(opened)).toContain('Your email address is confirmed');
    expect((await ask()).status).toBe(201);
    expect((await visitor.get(`${link?.pathname}${link?.search}`)).status).toBe(400);
  });

  it('works by the API, by any of the links that were sent, once', async () => {
    const { email, ask, call } = await signUp();
    expect((await call('POST', '/api/developers/me/email-confirmation')).status).toBe(202);
    const [newest, first] = await linksOf(email);
    const confirm = (link?: URL) =>
      visitor.json('POST', '/api/email-confirmations', { token: link?.searchParams.get('token') });
    expect((await confirm(first)).status).toBe(204);
    expect((await confirm(newest)).json.code).toBe('link_expired');
    expect((await ask()).status).toBe(201);
    expect((await call('POST', '/api/developers/me/email-confirmation')).status).toBe(202);
    expect(await linksOf(email)).toHaveLength(2);
  });

  it('sends at most five links to an address', async () => {
    const { email, call } = await signUp();
    await Promise.all([...Array(8)].map(() => call('POST', '/api/developers/me/email-confirmation')));
    expect(await linksOf(email)).toHaveLength(5);
  });

  it('refuses unknown tokens in every form', async () => {
    for (const path of ['/confirm-email', '/confirm-email?token=unknown', '/confirm-email?token=a&token=b'])
      expect((await visitor.get(path)).status).toBe(400);
    for (const body of [{}, { token: 'unknown' }, { token: ['a'] }])
      expect((await visitor.json('POST', '/api/email-confirmations', body)).status).toBe(400);
  });

  it('is shown on the account page, which sends another link', async () => {
    const person = new Visitor(portal.service.url);
    const email = `${randomUUID()}@client-app.example`;
    const fields = { name: 'Bea', organization: 'Apps Inc', email, password: 'a-long-password' };
    expect((await person.post('/sign-up', fields)).status).toBe(303);
    expect(textOf(await person.get('/account'))).toContain('is not confirmed yet');
    expect((await person.post('/account/confirm-email')).headers.get('location')).toContain('link-sent');
    const [link] = await linksOf(email);
    await person.get(`${link?.pathname}${link?.search}`);
    expect(textOf(await person.get('/account'))).toContain(`${email} is confirmed.`);
  });
});
