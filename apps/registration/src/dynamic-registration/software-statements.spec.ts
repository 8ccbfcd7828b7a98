import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type JWK } from 'jose';
import { readConfig, type Config } from '../config.js';
import { parseStatementIssuers } from '../software-statement-rule.js';
import { startPortal, Visitor, type TestPortal } from '../testing/portal.js';
import { SoftwareStatements } from './software-statements.service.js';

const issuer = 'https://trust.example';
const remoteIssuer = 'https://remote.example';
const redirect_uris = ['https://client-app.example/redirect'];

describe('a software statement (RFC 7591 §2.3)', () => {
  let portal: TestPortal;
  let visitor: Visitor;
  let session: string;
  let keys: Awaited<ReturnType<typeof generateKeyPair>>;
  let strangers: typeof keys;
  let remoteKeys: { keys: JWK[] } | undefined;
  const remote = createServer((_request, response) => {
    response.writeHead(remoteKeys ? 200 : 500).end(JSON.stringify(remoteKeys ?? {}));
  });
  beforeAll(async () => {
    [keys, strangers] = [await generateKeyPair('ES256'), await generateKeyPair('ES256')];
    await new Promise<void>((resolve) => remote.listen(0, '127.0.0.1', resolve));
    const jwks_uri = `http://127.0.0.1:${(remote.address() as AddressInfo).port}/`;
    const jwks = { keys: [await exportJWK(keys.publicKey)] };
    portal = await startPortal({
      SOFTWARE_STATEMENT_ISSUERS: JSON.stringify([
        { issuer, jwks },
        { issuer: remoteIssuer, jwks_uri },
      ]),
    });
    visitor = new Visitor(portal.service.url);
    const account = { email: 'signed@example.org', password: 'a long password of mine' };
    await visitor.json('POST', '/api/developers', { name: 'Ada', organization: 'Apps Inc', ...account });
    session = (await visitor.json('POST', '/api/sessions', account)).json.token;
  });
  afterAll(async () => {
    remote.close();
    await portal?.stop();
  });

  const sign = (claims: Record<string, unknown>, key = keys.privateKey) =>
    new SignJWT({ iss: issuer, ...claims }).setProtectedHeader({ alg: 'ES256' }).sign(key);
  const register = (body: object) => visitor.json('POST', '/register', body, session);

  it('wins over the request, and the answers repeat it unchanged', async () => {
    const keyOfApp = await exportJWK((await generateKeyPair('ES384')).publicKey);
    const software_statement = await sign({
      client_name: 'Signed Name',
      redirect_uris,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [{ ...keyOfApp, kid: 'one' }] },
      software_id: 'not metadata here',
      aud: ['http://portal.example/register', 'https://other.example'],
    });
    const { status, json } = await register({
      client_name: 'Asked Name',
      redirect_uris: ['https://evil.example/redirect'],
      policy_uri: 'https://client-app.example/privacy',
      token_endpoint_auth_method: 'client_secret_basic',
      jwks_uri: 'https://evil.example/jwks',
      software_statement,
    });
    expect(status).toBe(201);
    const signed = { client_name: 'Signed Name', redirect_uris, software_statement };
    expect(json).toMatchObject({ ...signed, policy_uri: 'https://client-app.example/privacy' });
    expect(json).toMatchObject({ jwks: { keys: [{ kid: 'one' }] } });
    for (const absent of ['jwks_uri', 'client_secret', 'software_id'])
      expect(json).not.toHaveProperty(absent);

    // The statement still wins when the program changes its registration (RFC 7592).
    const { client_id, registration_access_token: token } = json;
    const at = `/register/${client_id}`;
    expect((await visitor.json('GET', at, undefined, token)).json).toMatchObject(signed);
    for (const more of [{}, { software_statement }]) {
      const change = { client_id, client_name: 'Changed Name', redirect_uris, tos_uri: null, ...more };
      expect((await visitor.json('PUT', at, change, token)).json).toMatchObject(signed);
    }
    const newer = await sign({ client_name: 'Newer Name' });
    const change = { client_id, redirect_uris, software_statement: newer };
    const replaced = await visitor.json('PUT', at, change, token);
    expect(replaced.json).toMatchObject({ client_name: 'Newer Name', software_statement: newer });
    const old = await visitor.json('PUT', at, { ...change, software_statement: 'x.y.z' }, token);
    expect(old).toMatchObject({ status: 400, json: { error: 'invalid_software_statement' } });
  });

  const past = Math.floor(Date.now() / 1000) - 3600;
  const metadata = { client_name: 'Health', redirect_uris };
  it.each<[string, () => Promise<unknown> | unknown, string, RegExp]>([
    ['is no JWT', () => 'text', 'invalid', /not a signed JWT/],
    ['is no text', () => ({}), 'invalid', /must be a signed JWT/],
    ['is too long', () => 'x'.repeat(20_001), 'invalid', /at most 20000/],
    ['has no signature', () => new UnsecuredJWT({ iss: issuer, ...metadata }).encode(), 'invalid', /verify/],
    ['is signed by a stranger', () => sign(metadata, strangers.privateKey), 'invalid', /does not verify/],
    [
      'is signed with a shared secret',
      () =>
        new SignJWT({ iss: issuer })
          .setProtectedHeader({ alg: 'HS256' })
          .sign(new TextEncoder().encode('a shared secret of many characters')),
      'invalid',
      /does not verify/,
    ],
    [
      'was altered',
      async () => (await sign(metadata)).replace(/\.[^.]+\./, '.eyJpc3MiOiJodHRwczovL3RydXN0LmV4YW1wbGUifQ.'),
      'invalid',
      /verify/,
    ],
    ['has expired', () => sign({ ...metadata, exp: past }), 'invalid', /expired/],
    ['is not valid yet', () => sign({ ...metadata, nbf: past + 7200 }), 'invalid', /nbf/],
    ['is for another server', () => sign({ ...metadata, aud: 'https://other.example' }), 'invalid', /aud/],
    ['names no issuer', () => sign({ ...metadata, iss: undefined }), 'invalid', /iss/],
    [
      'is of an unknown issuer',
      () => sign({ ...metadata, iss: 'https://evil.example' }),
      'unapproved',
      /evil/,
    ],
    [
      'differs in a slash of the issuer',
      () => sign({ ...metadata, iss: `${issuer}/` }),
      'unapproved',
      /not trusted/,
    ],
  ])('that %s registers nothing', async (_name, make, error, text) => {
    const { status, json } = await register({ ...metadata, software_statement: await make() });
    expect([status, json.error]).toEqual([400, `${error}_software_statement`]);
    expect(json.error_description).toMatch(text);
  });

  it('obeys the rules for metadata, and needs an initial access token like any registration', async () => {
    const wrong = await sign({ ...metadata, redirect_uris: ['http://client-app.example/'] });
    expect((await register({ ...metadata, software_statement: wrong })).json.error).toBe(
      'invalid_redirect_uri',
    );
    const none = await visitor.json('POST', '/register', { software_statement: await sign(metadata) });
    expect([none.status, none.json.error]).toEqual([401, 'invalid_token']);
  });

  it('is verified by the keys at an address; while these cannot be read, the program tries again', async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256');
    const software_statement = await new SignJWT({ iss: remoteIssuer, client_name: 'Remote' })
      .setProtectedHeader({ alg: 'RS256' })
      .sign(privateKey);
    const body = { ...metadata, software_statement };
    expect(await register(body)).toMatchObject({ status: 503, json: { error: 'temporarily_unavailable' } });
    remoteKeys = {} as never;
    expect(await register(body)).toMatchObject({ status: 503, json: { error: 'temporarily_unavailable' } });
    const newer = await generateKeyPair('RS256');
    remoteKeys = { keys: [await exportJWK(newer.publicKey), await exportJWK(publicKey)] };
    expect(await register(body)).toMatchObject({ status: 201, json: { client_name: 'Remote' } });
  });

  it('is ignored when no issuer is configured', async () => {
    const config = { SOFTWARE_STATEMENT_ISSUERS: [], REGISTRATION_URL: 'http://portal.example' };
    const off = new SoftwareStatements(config as unknown as Config);
    const body = { ...metadata, software_statement: 'anything' };
    expect(await off.apply(body)).toEqual({ body, statement: undefined });
  });
});

describe('SOFTWARE_STATEMENT_ISSUERS', () => {
  it.each([
    ['no JSON', 'https://trust.example', /JSON list/],
    ['no keys', '[{"issuer":"a"}]', /either jwks or jwks_uri/],
    [
      'both forms of keys',
      '[{"issuer":"a","jwks_uri":"https://a.example","jwks":{"keys":[{"kty":"EC"}]}}]',
      /either/,
    ],
    ['a private key', '[{"issuer":"a","jwks":{"keys":[{"kty":"EC","d":"x"}]}}]', /public keys only/],
    ['a shared secret', '[{"issuer":"a","jwks":{"keys":[{"kty":"oct","k":"x"}]}}]', /kty RSA, EC or OKP/],
    ['no key', '[{"issuer":"a","jwks":{"keys":[]}}]', /at least one key/],
    ['an unknown member', '[{"issuer":"a","jwks_uri":"https://a.example","name":"x"}]', /name/],
    [
      'an issuer twice',
      '[{"issuer":"a","jwks_uri":"https://a.example"},{"issuer":"a","jwks_uri":"https://b.example"}]',
      /twice/,
    ],
  ])('with %s stops the start', (_name, value, reason) => {
    const read = () => readConfig({ NODE_ENV: 'test', SOFTWARE_STATEMENT_ISSUERS: value });
    expect(read).toThrow(/SOFTWARE_STATEMENT_ISSUERS/);
    expect(read).toThrow(reason);
  });

  it('may name a plain http address except in production', () => {
    const text = '[{"issuer":"a","jwks_uri":"http://a.example"}]';
    expect(parseStatementIssuers(text, false)).toHaveLength(1);
    expect(() => parseStatementIssuers(text, true)).toThrow(/https:/);
  });
});
