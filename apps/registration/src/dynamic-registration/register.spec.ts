import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKeyPairSync } from 'node:crypto';
import { waitsForLock } from '../testing/lock-wait.js';
import { hash, PortalApi, redirect_uris } from '../testing/portal-api.js';

let owners = 0;
const system = new PortalApi();
const { api, latest } = system;

beforeAll(() => system.start());
afterAll(() => system.stop());

describe('dynamic client registration (RFC 7591)', () => {
  const register = (token: string | undefined, body: unknown) => api(token, 'POST', '/register', body);

  it('initial access tokens are listed without the token, and their owner revokes them', async () => {
    const own = '/api/initial-access-tokens';
    const owner = await system.signUp('tokens@client-app.example');
    const { token } = (await api(owner, 'POST', own, { uses: 3 })).json;
    const listed = await api(owner, 'GET', own);
    const shown = { id: expect.any(String), created_at: expect.any(String), expires_at: expect.any(String) };
    expect(listed.json).toEqual([{ ...shown, uses_left: 3 }]);
    expect(listed.text).not.toContain(token);
    const [{ id }] = listed.json;
    const stranger = await api(system.stranger, 'DELETE', `${own}/${id}`);
    expect(stranger).toMatchObject({ status: 404, json: { code: 'initial_access_token_not_found' } });
    expect((await api(owner, 'DELETE', `${own}/${id}`)).status).toBe(204);
    expect((await api(owner, 'GET', own)).json).toEqual([]);
    expect((await register(token, { client_name: 'X', redirect_uris })).status).toBe(401);
  });

  it.each(['a changed password', 'signing out everywhere', 'an ended account'])(
    '%s ends the initial access tokens of its owner',
    async (way) => {
      const email = `owner-${++owners}@client-app.example`;
      const owner = await system.signUp(email);
      const { token } = (await api(owner, 'POST', '/api/initial-access-tokens', {})).json;
      if (way === 'a changed password') {
        const passwords = { current_password: 'a-long-password', new_password: 'battery horse correct' };
        expect((await api(owner, 'PUT', '/api/developers/me/password', passwords)).status).toBe(204);
      } else if (way === 'signing out everywhere') await api(owner, 'DELETE', '/api/sessions');
      else await system.source.query('UPDATE account SET ended_at = now() WHERE email = $1', [email]);
      expect((await register(token, { client_name: 'X', redirect_uris })).status).toBe(401);
    },
  );

  it('no initial access token is issued by a session that ends meanwhile', async () => {
    const email = 'ending@client-app.example';
    const owner = await system.signUp(email);
    const end = system.source.createQueryRunner();
    await end.startTransaction();
    await end.query('DELETE FROM session WHERE token_sha256 = $1', [hash(owner)]);
    const asked = api(owner, 'POST', '/api/initial-access-tokens', {});
    await waitsForLock(system.source, asked);
    await end.commitTransaction();
    await end.release();
    expect((await asked).status).toBe(401);
  });

  it('a null is an omitted member, in a registration and in its change', async () => {
    const nulls = Object.fromEntries(
      [
        'contacts',
        'scope',
        'grant_types',
        'logo_uri',
        'jwks',
        'require_pkce',
        'post_logout_redirect_uris',
        'software_statement',
      ].map((name) => [name, null]),
    );
    const metadata = { client_name: 'Nulls', redirect_uris, ...nulls };
    const { status, json } = await register(system.developer, metadata);
    expect({ status, json }).toMatchObject({ status: 201, json: { client_name: 'Nulls', contacts: [] } });
    const { client_id, registration_access_token: token } = json;
    const put = (body: object) => api(token, 'PUT', `/register/${client_id}`, { client_id, ...body });
    const contacts = ['dev@client-app.example'];
    expect((await put({ client_name: 'Nulls', redirect_uris, contacts })).json).toMatchObject({ contacts });
    const changed = await put({ ...metadata, client_secret: null, registration_access_token: null });
    expect(changed).toMatchObject({ status: 200, json: { contacts: [], require_pkce: false } });
    expect((await put({ ...metadata, client_name: null })).status).toBe(400);
    for (const body of [null, [], 'text']) expect((await register(system.developer, body)).status).toBe(400);
  });

  it('names the methods of an endpoint that has no such method', async () => {
    for (const [path, methods, allow] of [
      ['/register', ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'], 'POST'],
      ['/register/some-app', ['POST', 'PATCH', 'OPTIONS'], 'GET, HEAD, PUT, DELETE'],
    ] as const)
      for (const method of methods) {
        const answer = await system.send(method, path);
        expect({ method, path, status: answer.status }).toEqual({ method, path, status: 405 });
        expect(answer.headers.get('allow')).toBe(allow);
      }
    expect((await system.send('HEAD', '/register/some-app')).status).toBe(401);
    expect((await system.send('POST', '/register')).status).toBe(401);
  });

  it('needs the initial access token of the portal, which is good for as many apps as it says', async () => {
    const issued = await api(system.developer, 'POST', '/api/initial-access-tokens', { uses: 1 });
    expect(issued).toMatchObject({ status: 201, json: { uses: 1 } });
    for (const token of [undefined, 'invented']) {
      const answer = await register(token, { client_name: 'X', redirect_uris });
      expect(answer).toMatchObject({ status: 401, json: { error: 'invalid_token' } });
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
    const metadata = { client_name: 'Registered', redirect_uris, grant_types: ['authorization_code'] };
    const bad = await register(issued.json.token, { ...metadata, redirect_uris: ['http://a.example/'] });
    expect(bad).toMatchObject({ status: 400, json: { error: 'invalid_redirect_uri' } });
    const answers = await Promise.all([
      register(issued.json.token, metadata),
      register(issued.json.token, metadata),
      register(issued.json.token, metadata),
    ]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 401, 401]);
    const registered = answers.find((answer) => answer.status === 201)!;
    expect(registered.headers.get('cache-control')).toBe('no-store');
    expect(registered.json).toMatchObject({
      client_id: expect.any(String),
      client_secret: expect.any(String),
      client_secret_expires_at: 0,
      redirect_uris,
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'client_secret_basic',
      scope: 'openid fhirUser launch/patient patient/*.rs',
    });
    expect(await latest(registered.json.client_id)).toMatchObject({
      plan: 'patient-access',
      environments: ['sandbox'],
    });
  });

  it('an app that signs its requests gets no secret, and one form of keys replaces the other', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one' }] };
    const metadata = {
      client_name: 'Signing',
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'private_key_jwt',
    };
    expect(await register(system.developer, metadata)).toMatchObject({
      status: 400,
      json: { error: 'invalid_client_metadata', error_description: expect.stringContaining('jwks') },
    });
    const { status, json } = await register(system.developer, { ...metadata, jwks });
    expect({ status, json }).toMatchObject({ status: 201, json: { ...metadata, jwks } });
    expect(json).not.toHaveProperty('client_secret');
    const id = json.client_id as string;
    expect(await latest(id)).toMatchObject({
      token_endpoint_auth_method: 'private_key_jwt',
      jwks,
      secrets: [],
    });
    const patch = (body: unknown) => api(system.developer, 'PATCH', `/api/apps/${id}`, body);
    const jwks_uri = 'https://app.example/jwks.json';
    expect((await patch({ jwks_uri })).json).toMatchObject({ jwks: null, jwks_uri });
    expect((await patch({ jwks })).json).toMatchObject({ jwks, jwks_uri: null });
    expect((await patch({ jwks: null })).status).toBe(400);
    const replaced = await api(system.developer, 'POST', `/api/apps/${id}/secret`, {});
    expect(replaced).toMatchObject({ status: 200, json: { client_secret: expect.any(String) } });
    const basic = await patch({ token_endpoint_auth_method: 'client_secret_basic', jwks: null });
    expect(basic).toMatchObject({ status: 200, json: { jwks: null } });
  });

  it('the program that registered an app reads, replaces and ends it, and nobody else does (RFC 7592)', async () => {
    const metadata = { client_name: 'Managed', redirect_uris, policy_uri: 'https://app.example/privacy' };
    const { json: registered } = await register(system.developer, metadata);
    const { client_id, client_secret, registration_access_token: token } = registered;
    expect(registered.registration_client_uri).toMatch(new RegExp(`/register/${client_id}$`));
    const at = `/register/${client_id}`;
    const shown = await api(token, 'GET', at);
    expect(shown).toMatchObject({
      status: 200,
      json: { ...metadata, client_id, registration_access_token: token },
    });
    expect(shown.json).not.toHaveProperty('client_secret');
    expect(shown.headers.get('cache-control')).toBe('no-store');
    const { json: other } = await register(system.developer, { ...metadata, client_name: 'Other' });
    for (const [wrong, path] of [
      [undefined, at],
      ['invented', at],
      [system.developer, at],
      [other.registration_access_token, at],
      [token, '/register/unknown'],
      [token, '/register/a%20b'],
    ] as const)
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const answer = await api(wrong, method, path, method === 'PUT' ? { client_id } : undefined);
        expect({ method, path, answer }).toMatchObject({
          answer: { status: 401, json: { error: 'invalid_token' } },
        });
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
      }
    const put = (body: Record<string, unknown>) => api(token, 'PUT', at, { client_id, ...body });
    for (const [body, error] of [
      [{ ...metadata, client_id: other.client_id }, 'invalid_client_metadata'],
      [{ ...metadata, client_secret: 'wrong' }, 'invalid_client_metadata'],
      [{ ...metadata, registration_access_token: token }, 'invalid_client_metadata'],
      [{ ...metadata, client_name: '' }, 'invalid_client_metadata'],
      [{ client_name: 'Directory', grant_types: ['client_credentials'] }, 'invalid_client_metadata'],
      [{ client_name: 'No URI' }, 'invalid_redirect_uri'],
      [{ ...metadata, redirect_uris: ['http://a.example/'] }, 'invalid_redirect_uri'],
    ] as const)
      expect(await put(body)).toMatchObject({ status: 400, json: { error } });
    const renamed = { client_name: 'Renamed', redirect_uris };
    const replaced = await put({ ...renamed, client_secret, require_pkce: true });
    expect(replaced).toMatchObject({ status: 200, json: { ...renamed, require_pkce: true } });
    expect(replaced.json).not.toHaveProperty('policy_uri');
    expect(await latest(client_id)).toMatchObject({ ...renamed, policy_uri: null, require_pkce: true });
    expect((await api(token, 'DELETE', at)).status).toBe(204);
    expect(await latest(client_id)).toMatchObject({ status: 'deleted' });
    expect((await api(token, 'GET', at)).status).toBe(401);
  });

  it('a program that goes back from keys gets a secret, and the developer can end its token', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one' }] };
    const directory = { client_name: 'Signing', grant_types: ['client_credentials'] };
    const signing = { ...directory, token_endpoint_auth_method: 'private_key_jwt', jwks };
    const { json } = await register(system.developer, signing);
    const { client_id, registration_access_token: token } = json;
    const put = () => api(token, 'PUT', `/register/${client_id}`, { ...directory, client_id });
    const changed = await put();
    expect(changed.json).toMatchObject({
      token_endpoint_auth_method: 'client_secret_basic',
      client_secret: expect.any(String),
    });
    expect(changed.json).not.toHaveProperty('jwks');
    expect((await put()).json).not.toHaveProperty('client_secret');
    const app = `/api/apps/${client_id}`;
    expect((await api(system.developer, 'GET', app)).json.managed_by_program).toBe(true);
    expect((await api(system.developer, 'DELETE', `${app}/registration-access-token`)).status).toBe(204);
    expect((await api(system.developer, 'GET', app)).json.managed_by_program).toBe(false);
    expect((await put()).status).toBe(401);
  });

  it('finds the plan from the metadata and refuses what fits no plan, naming the member', async () => {
    const directory = await register(system.developer, {
      client_name: 'Directory',
      grant_types: ['client_credentials'],
      scope: 'system/*.rs',
    });
    expect(directory).toMatchObject({ status: 201, json: { scope: 'system/*.rs', response_types: [] } });
    for (const [metadata, name] of [
      [{ grant_types: ['implicit'] }, 'grant_types'],
      [{ grant_types: ['authorization_code', 'client_credentials'] }, 'grant_types'],
      [{ token_endpoint_auth_method: 'none' }, 'token_endpoint_auth_method'],
      [{ scope: 'patient/*.rs user/*.cruds' }, 'scope'],
      [{ client_name: '' }, 'client_name'],
    ] as const)
      expect(
        await register(system.developer, { client_name: 'X', redirect_uris, ...metadata }),
      ).toMatchObject({
        status: 400,
        json: { error: 'invalid_client_metadata', error_description: expect.stringContaining(name) },
      });
  });
});
