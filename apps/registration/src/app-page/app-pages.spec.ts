import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHash, generateKeyPairSync } from 'node:crypto';
import {
  newApp,
  newDeveloper,
  startPortal,
  textOf,
  Visitor,
  type Answer,
  type TestPortal,
} from '../testing/portal.js';
import { appTabs, tabAddress } from './tabs.js';

/** A public key for ES384. */
const ecKey = (kid: string) => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' }),
  kid,
});

const secretIn = (answer: Answer) => /<code class="secret"[^>]*>([A-Za-z0-9]{43,})</.exec(answer.text)?.[1];

describe('the pages of an app', () => {
  let portal: TestPortal;
  let developer: Visitor;
  beforeAll(async () => {
    portal = await startPortal();
    developer = await newDeveloper(portal.service.url);
  });
  afterAll(() => portal?.stop());

  it('each tab has an address and is the current one there', async () => {
    const id = await newApp(developer);
    for (const tab of appTabs) {
      const page = await developer.get(tabAddress(id, tab.id));
      expect(page.status).toBe(200);
      expect(page.text).toContain(`<a href="${tabAddress(id, tab.id)}" aria-current="page">${tab.label}</a>`);
    }
  });

  it('the page of the apps lists initial access tokens, shows each once, and revokes it', async () => {
    const owner = await newDeveloper(portal.service.url);
    const issued = await owner.post('/initial-access-token');
    const token = secretIn(issued) ?? '';
    const page = await owner.get('/');
    expect(page.text).not.toContain(token);
    const id =
      /action="\/initial-access-token\/revoke"[\s\S]*?name="id" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    expect(id).not.toBe('');
    const revoke = (who: Visitor) => who.post('/initial-access-token/revoke', { id });
    expect((await revoke(developer)).status).toBe(404);
    expect((await revoke(owner)).headers.get('location')).toBe('/?done=token-revoked');
    const after = await owner.get('/?done=token-revoked');
    expect(textOf(after)).toContain('The token is revoked');
    expect(after.text).not.toContain('/initial-access-token/revoke');
  });

  it('a refused form answers at an address that can be loaded again, and keeps what was typed', async () => {
    const id = await newApp(developer);
    const forms: [string, Record<string, string>, string][] = [
      [`/apps/${id}/settings`, { client_name: '', client_uri: 'ftp://typed.example' }, 'ftp://typed.example'],
      [`/apps/${id}/redirect-uris`, { redirect_uris: 'http://typed.example/cb' }, 'http://typed.example/cb'],
      [`/apps/${id}/production`, { description: 'x'.repeat(2001) }, 'xxxxx'],
      [`/apps/${id}/subscription`, { plan: 'provider-directory' }, 'create another app'],
      [`/apps/${id}/subscription`, { plan: 'none' }, 'must be one of'],
      [`/apps/${id}/delete`, {}, 'Delete this app for good'],
    ];
    for (const [path, fields, shown] of forms) {
      const refused = await developer.post(path, fields);
      expect({ path, status: refused.status }).toEqual({ path, status: 400 });
      expect(refused.text).toContain(shown);
      const reloaded = await developer.get(path);
      expect([200, 303]).toContain(reloaded.status);
    }
  });

  it('an act says that it was done, on the page that it leads to', async () => {
    const id = await newApp(developer);
    const done: [string, Record<string, string>, string][] = [
      [`/apps/${id}/settings`, { client_name: 'Renamed' }, 'Saved.'],
      [`/apps/${id}/redirect-uris`, { redirect_uris: 'http://localhost:1/cb' }, 'is registered'],
      [`/apps/${id}/redirect-uris/remove`, { uri: 'http://localhost:1/cb' }, 'is removed'],
      [`/apps/${id}/credentials/stored`, {}, 'no longer shows the secret'],
      [`/apps/${id}/credentials/end-previous`, {}, 'has ended'],
      [`/apps/${id}/production`, { act: 'save', description: 'Costs.' }, 'The draft is saved'],
      [`/apps/${id}/delete`, { confirm_deletion: 'true' }, 'The app is deleted'],
    ];
    for (const [path, fields, text] of done) {
      const answer = await developer.post(path, fields);
      expect({ path, status: answer.status }).toEqual({ path, status: 303 });
      const page = await developer.get(answer.headers.get('location') ?? '');
      expect(textOf(page)).toContain(text);
    }
    const invented = await newApp(developer);
    expect((await developer.get(`/apps/${invented}?done=invented`)).status).toBe(400);
  });

  it('an app may authenticate with keys: at the page, at the API, and from its registration on', async () => {
    const id = await newApp(developer);
    const at = `/apps/${id}/credentials/authentication`;
    const signing = { token_endpoint_auth_method: 'private_key_jwt' };
    const jwks = JSON.stringify({ keys: [ecKey('one')] });
    const refused: [Record<string, string>, string][] = [
      [signing, 'private_key_jwt needs the public keys'],
      [{ ...signing, jwks: '{' }, 'must be a JSON Web Key Set'],
      [{ ...signing, jwks: '{"keys": []}' }, 'must have at least one key'],
      [{ ...signing, jwks, jwks_uri: 'https://app.example/jwks.json' }, 'must be absent when jwks is given'],
      [{ ...signing, jwks_uri: 'https://169.254.169.254/' }, 'must not lead to an inner address'],
      [{ ...signing, jwks_uri: 'http://app.example/jwks.json' }, 'must begin with https://'],
      [{ token_endpoint_auth_method: 'none' }, 'must be one of'],
    ];
    for (const [fields, shown] of refused) {
      const answer = await developer.post(at, fields);
      expect({ fields, status: answer.status }).toEqual({ fields, status: 400 });
      expect(textOf(answer)).toContain(shown);
      expect(textOf(answer)).toContain(fields.jwks ?? '');
      expect(answer.text).toContain(fields.jwks_uri ?? '');
    }
    expect((await developer.post(at, { ...signing, jwks })).status).toBe(303);
    const page = textOf(await developer.get(`/apps/${id}/credentials`));
    expect(page).toContain('no secret works now');
    expect(page).toContain('"kid": "one"');
    expect((await developer.get(at)).status).toBe(303);
  });

  it('the settings switch the protections of the flow on and off', async () => {
    const id = await newApp(developer);
    const at = `/apps/${id}/settings`;
    const names = ['require_pkce', 'require_pushed_authorization_requests', 'dpop_bound_access_tokens'];
    const boxes = () =>
      names.map((name) => new RegExp(`<input[^>]*name="${name}"[^>]*checked`).test(page.text));
    let page = await developer.get(at);
    expect(boxes()).toEqual([false, false, false]);
    const on = Object.fromEntries(names.map((name) => [name, 'true']));
    await developer.post(at, { client_name: 'Health', ...on });
    page = await developer.get(at);
    expect(boxes()).toEqual([true, true, true]);
    await developer.post(at, { client_name: 'Health' });
    page = await developer.get(at);
    expect(boxes()).toEqual([false, false, false]);
  });

  it('an address after sign-out follows the rules of redirect URIs: page, API and registration', async () => {
    const id = await newApp(developer);
    const at = `/apps/${id}/settings`;
    const name = 'post_logout_redirect_uris';
    const bye = 'https://client-app.example/bye';
    for (const wrong of ['http://a.example/', 'https://a.example/#x', 'https://*.example/', 'bye']) {
      const refused = await developer.post(at, { client_name: 'Health', [name]: `${bye}\n${wrong}` });
      expect([wrong, refused.status]).toEqual([wrong, 400]);
      expect(textOf(refused)).toContain('Addresses after sign-out, line 2,');
      expect(refused.text).toContain(wrong);
    }
    await developer.post(at, { client_name: 'Health', [name]: `${bye}\r\n\r\nhttp://localhost:1/` });
    expect(textOf(await developer.get(at))).toContain(`${bye} http://localhost:1/`);
    await developer.post(at, { client_name: 'Health' });
    expect(await developer.get(at)).not.toHaveProperty('text', expect.stringContaining(bye));

    const account = { name: 'Ada', organization: 'Sign Out Inc', email: 'bye@example.org' };
    const password = 'a long password of mine';
    await developer.json('POST', '/api/developers', { ...account, password });
    const session = await developer.json('POST', '/api/sessions', { email: account.email, password });
    const token = String(session.json.token);
    const metadata = { client_name: 'Health', redirect_uris: ['https://client-app.example/redirect'] };
    const register = (more: object) => developer.json('POST', '/register', { ...metadata, ...more }, token);
    expect((await register({ [name]: ['bye'] })).json.error).toBe('invalid_client_metadata');
    const registered = await register({ [name]: [bye] });
    expect(registered.json[name]).toEqual([bye]);
    const { client_id, registration_access_token: own } = registered.json as Record<string, string>;
    const read = () => developer.json('GET', `/register/${client_id}`, undefined, own);
    expect((await read()).json[name]).toEqual([bye]);
    const replaced = await developer.json('PUT', `/register/${client_id}`, { client_id, ...metadata }, own);
    expect(replaced.json[name]).toEqual([]);
    const changed = await developer.json('PATCH', `/api/apps/${client_id}`, { [name]: [bye] }, token);
    expect(changed.json[name]).toEqual([bye]);
    expect((await read()).json[name]).toEqual([bye]);
  });

  it('the settings leave the redirect URIs as they are', async () => {
    const id = await newApp(developer, { redirect_uris: 'https://a.example/\nhttps://b.example/' });
    await developer.post(`/apps/${id}/settings`, { client_name: 'Renamed' });
    const page = textOf(await developer.get(`/apps/${id}/redirect-uris`));
    expect(page).toContain('https://a.example/');
    expect(page).toContain('https://b.example/');
  });

  it('the secret stays on the pages until the developer says that it is stored', async () => {
    const id = await newApp(developer);
    const secret = secretIn(await developer.get(`/apps/${id}`));
    expect(secret).toBeDefined();
    expect(secretIn(await developer.get(`/apps/${id}`))).toBe(secret);
    await developer.get(`/apps/${id}/settings`);
    expect(secretIn(await developer.get(`/apps/${id}/credentials`))).toBe(secret);
    const other = await newApp(developer);
    expect(secretIn(await developer.get(`/apps/${other}`))).not.toBe(secret);
    await developer.post(`/apps/${id}/credentials/stored`);
    expect(secretIn(await developer.get(`/apps/${id}`))).toBeUndefined();
  });

  it('the cookie of a new secret opens for no other session', async () => {
    const first = await newDeveloper(portal.service.url);
    const id = await newApp(first);
    expect(secretIn(await first.get(`/apps/${id}`))).toBeDefined();
    await first.post('/sign-out');
    const sealed = (await first.get(`/apps/${id}`)).status;
    expect(sealed).toBe(303);
    const next = await first.post('/sign-up', {
      name: 'Next',
      organization: 'Apps Inc',
      email: 'next-at-this-browser@client-app.example',
      password: 'a-long-password',
    });
    expect(next.status).toBe(303);
    expect((await first.get(`/apps/${id}`)).status).toBe(404);
  });

  it('links to other pages leave the page with the secret open', async () => {
    const id = await newApp(developer);
    const page = await developer.get(`/apps/${id}`);
    const foreign = [...page.text.matchAll(/<a [^>]*href="(http[^"]+)"[^>]*>/g)].map(([tag]) => tag);
    expect(foreign.length).toBeGreaterThan(0);
    for (const tag of foreign) expect(tag).toContain('target="_blank"');
  });

  it('a destructive act asks once, says its effect, and does nothing by being looked at', async () => {
    const id = await newApp(developer);
    const uri = 'https://client-app.example/redirect';
    const questions: [string, RegExp][] = [
      [`/apps/${id}/credentials/replace`, /keeps working for the time you choose/],
      [`/apps/${id}/credentials/end-previous`, /invalid_client/],
      [`/apps/${id}/redirect-uris/remove?${new URLSearchParams({ uri })}`, /refused at once/],
      [`/apps/${id}/delete`, /every member’s grant to it ends/],
    ];
    const before = await developer.get(`/apps/${id}/credentials`);
    for (const [path, effect] of questions) {
      const page = await developer.get(path);
      expect(page.status).toBe(200);
      expect(textOf(page)).toMatch(effect);
      expect(page.text).toContain('class="button danger"');
    }
    const after = await developer.get(`/apps/${id}/credentials`);
    expect(textOf(after)).toBe(textOf(before));
    expect((await developer.get(`/apps/${id}`)).status).toBe(200);
  });

  it('a secret is replaced with a grace period that is shown, and the previous one can end now', async () => {
    const id = await newApp(developer);
    const first = secretIn(await developer.get(`/apps/${id}`));
    const replaced = await developer.post(`/apps/${id}/credentials/replace`, { grace_seconds: '3600' });
    expect(replaced.status).toBe(303);
    const page = await developer.get(`/apps/${id}/credentials`);
    expect(secretIn(page)).not.toBe(first);
    const row = /Previous[\s\S]*?<\/tr>/.exec(page.text)?.[0] ?? '';
    const end = [...row.matchAll(/datetime="([^"]+)"/gi)].at(-1)?.[1] ?? '';
    expect(Math.abs(Date.parse(end) - Date.now() - 3_600_000)).toBeLessThan(60_000);
    expect(page.text).toContain('End the previous secret now');
    await developer.post(`/apps/${id}/credentials/end-previous`);
    const ended = await developer.get(`/apps/${id}/credentials`);
    expect(ended.text).not.toContain('End the previous secret now');
    expect(textOf(ended)).not.toContain('Previous');
    expect((await developer.post(`/apps/${id}/credentials/replace`, { grace_seconds: '-1' })).status).toBe(
      400,
    );
  });

  it('the API ends the previous secret, too, and only for the developer of the app', async () => {
    const visitor = new Visitor(portal.service.url);
    const token = async (email: string) => {
      const account = { name: 'Dev', organization: 'Apps', email, password: 'a-long-password' };
      await visitor.json('POST', '/api/developers', account);
      return String((await visitor.json('POST', '/api/sessions', account)).json.token);
    };
    const owner = await token('owner@client-app.example');
    const stranger = await token('other@client-app.example');
    const app = (await visitor.json('POST', '/api/apps', { client_name: 'Api' }, owner)).json;
    await visitor.json('POST', `/api/apps/${app.client_id}/secret`, {}, owner);
    const path = `/api/apps/${app.client_id}/secret/previous`;
    expect((await visitor.json('DELETE', path, undefined, stranger)).status).toBe(404);
    expect((await visitor.json('DELETE', path)).status).toBe(401);
    const secrets = async () =>
      (await visitor.json('GET', `/api/apps/${app.client_id}`, undefined, owner)).json.secrets;
    expect(await secrets()).toHaveLength(2);
    expect((await visitor.json('DELETE', path, undefined, owner)).status).toBe(204);
    expect(await secrets()).toHaveLength(1);
    expect((await visitor.json('DELETE', path, undefined, owner)).status).toBe(204);
  });

  it('metadata is checked as typed by the rules that saving uses', async () => {
    const visitor = new Visitor(portal.service.url);
    const check = async (body: unknown) =>
      (await visitor.json('POST', '/api/app-metadata/check', body)).json.errors as { field: string }[];
    expect(await check({ redirect_uris: ['https://a.example/cb'], policy_uri: null })).toEqual([]);
    expect(await check({ redirect_uris: ['https://a.example/cb', 'http://a.example/'] })).toMatchObject([
      { field: 'redirect_uris.1', message: expect.stringContaining('https') },
    ]);
    for (const [field, value] of [
      ['policy_uri', 'http://a.example/'],
      ['client_name', ''],
      ['logo_uri', 'javascript:alert(1)'],
    ] as const)
      expect(await check({ [field]: value })).toMatchObject([{ field }]);
  });

  it('the pages of another developer’s app are not there', async () => {
    const id = await newApp(developer);
    const other = await newDeveloper(portal.service.url);
    const gets = [
      ...appTabs.map((tab) => tab.path),
      '/credentials/replace',
      '/credentials/end-previous',
      '/delete',
    ];
    for (const path of gets) expect((await other.get(`/apps/${id}${path}`)).status).toBe(404);
    for (const path of [
      '/settings',
      '/redirect-uris',
      '/credentials/replace',
      '/credentials/end-previous',
      '/delete',
    ])
      expect(
        (await other.post(`/apps/${id}${path}`, { client_name: 'Mine', confirm_deletion: 'true' })).status,
      ).toBe(404);
    expect((await developer.get(`/apps/${id}`)).status).toBe(200);
  });

  it('the one script is allowed by its hash and nothing else is', async () => {
    const page = await developer.get('/');
    const script = /<script>([\s\S]*?)<\/script>/.exec(page.text)?.[1] ?? '';
    const hash = createHash('sha256').update(script).digest('base64');
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain(`script-src 'sha256-${hash}'`);
    expect(policy).not.toContain('unsafe');
  });
});
