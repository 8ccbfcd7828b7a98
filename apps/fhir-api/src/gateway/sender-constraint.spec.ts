import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHash, randomUUID } from 'node:crypto';
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  SignJWT,
  type CryptoKey,
  type JWK,
  type JWTPayload,
} from 'jose';
import { eventually } from '@payer/testing';
import { appState, publish } from './testing/events.js';
import { loadMembers } from './testing/members.js';
import { bases, FhirApiSystem } from './testing/system.js';

const system = new FhirApiSystem();
const { issuer } = system;

interface AppKey {
  privateKey: CryptoKey;
  jwk: JWK;
  jkt: string;
}

async function newKey(): Promise<AppKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  return { privateKey, jwk, jkt: await calculateJwkThumbprint(jwk) };
}

describe('a token that is bound to a key (RFC 9449)', () => {
  let key: AppKey;
  let token: string;
  beforeAll(async () => {
    await system.start();
    await loadMembers(system.config);
    key = await newKey();
    token = await issuer.patientToken('one', { claims: { cnf: { jkt: key.jkt } } });
  });
  afterAll(() => system.stop());

  const proof = (path: string, claims: JWTPayload = {}, { privateKey, jwk } = key) =>
    new SignJWT({
      htm: 'GET',
      htu: `${bases.sandbox}${path}`,
      iat: Math.floor(Date.now() / 1000),
      jti: randomUUID(),
      ath: createHash('sha256').update(token).digest('base64url'),
      ...claims,
    })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .sign(privateKey);
  const get = (path: string, headers: Record<string, string>) => system.request(path, { headers });
  const send = async (path: string, dpop: string, authorization = `DPoP ${token}`) =>
    get(path, { authorization, dpop });

  it('reads with a new proof for each request, by GET and by POST', async () => {
    for (let time = 0; time < 2; time++)
      expect((await send('/Patient/one', await proof('/Patient/one'))).status).toBe(200);
    const search = await send('/Patient?_id=one', await proof('/Patient'), `dpop ${token}`);
    expect(search.status).toBe(200);
    const posted = await system.request('/Patient/_search', {
      method: 'POST',
      headers: {
        authorization: `DPoP ${token}`,
        dpop: await proof('/Patient/_search', { htm: 'POST' }),
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: '_id=one',
    });
    expect(posted.status).toBe(200);
  });

  it('sends a batch with one proof, which is of the POST and works once', async () => {
    const entry = ['Patient/one', 'Observation'].map((url) => ({ request: { method: 'GET', url } }));
    const post = (dpop: string) =>
      system.request('', {
        method: 'POST',
        headers: { authorization: `DPoP ${token}`, dpop, 'content-type': 'application/fhir+json' },
        body: JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry }),
      });
    const own = await proof('', { htm: 'POST' });
    const { json } = await post(own);
    expect(json.entry.map(({ response }: { response: { status: string } }) => response.status)).toEqual([
      '200 OK',
      '200 OK',
    ]);
    expect((await post(own)).status).toBe(401);
    expect((await post(await proof('/Patient/one'))).status).toBe(401);
  });

  it('is refused as a bearer token, also after it was used as it should be', async () => {
    await send('/Patient/one', await proof('/Patient/one'));
    const answer = await get('/Patient/one', { authorization: `Bearer ${token}` });
    expect(answer.status).toBe(401);
    expect(answer.json.issue[0].diagnostics).toContain('bound to a key');
    expect(answer.headers['www-authenticate']).toMatch(/^DPoP error="invalid_token", .* algs="ES256 /);
  });

  it('is refused with a proof that was used before, of several requests at once as well', async () => {
    const once = await proof('/Patient/one');
    const answers = await Promise.all(Array.from({ length: 6 }, () => send('/Patient/one', once)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401, 401, 401]);
    const refused = answers.find(({ status }) => status === 401)!;
    expect(refused.headers['www-authenticate']).toContain('error="invalid_dpop_proof"');
    expect(refused.json.issue[0].diagnostics).toContain('used before');
    await system.restart();
    expect((await send('/Patient/one', once)).status).toBe(401);
  });

  it.each<[string, string, JWTPayload]>([
    ['of another method', '/Patient/one', { htm: 'POST' }],
    ['of another resource', '/Patient/two', {}],
    ['of another server', '/Patient/one', { htu: 'https://elsewhere.example/Patient/one' }],
    ['of another token', '/Patient/one', { ath: 'other' }],
    ['without a token', '/Patient/one', { ath: undefined }],
    ['that is old', '/Patient/one', { iat: 1 }],
    ['without an id', '/Patient/one', { jti: undefined }],
  ])('is refused with a proof %s', async (_case, path, claims) => {
    const answer = await send('/Patient/one', await proof(path, claims));
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toMatch(/^DPoP error="invalid_dpop_proof"/);
  });

  it('is refused with the proof of another key, and without any proof', async () => {
    const foreign = await send('/Patient/one', await proof('/Patient/one', {}, await newKey()));
    expect(foreign.status).toBe(401);
    expect(foreign.json.issue[0].diagnostics).toContain('another key');
    const bare = await get('/Patient/one', { authorization: `DPoP ${token}` });
    expect(bare.json.issue[0].diagnostics).toContain('header DPoP is missing');
    const twice = await proof('/Patient/one');
    expect((await send('/Patient/one', `${twice}, ${twice}`)).status).toBe(401);
  });

  it('differs from a bearer token, which no proof turns into one', async () => {
    const bearer = await issuer.patientToken('one');
    const ath = createHash('sha256').update(bearer).digest('base64url');
    const answer = await send('/Patient/one', await proof('/Patient/one', { ath }), `DPoP ${bearer}`);
    expect(answer.status).toBe(401);
    expect(answer.json.issue[0].diagnostics).toContain('Send it as "Bearer"');
    expect((await get('/Patient/one', { authorization: `Bearer ${bearer}` })).status).toBe(200);
  });

  it('is the only kind that an app may use once it is set to it', async () => {
    const client_id = 'switched';
    const claims = { client_id };
    await publish(system.publisher, 'app-registered', appState(client_id));
    const plain = await issuer.patientToken('one', { claims });
    await eventually(async () => (await system.request('/Patient/one', { token: plain })).status === 200);
    const state = appState(client_id, { version: 2, dpop_bound_access_tokens: true });
    await publish(system.publisher, 'app-updated', state);
    await eventually(async () => (await system.request('/Patient/one', { token: plain })).status === 401);
    const refused = await system.request('/Patient/one', { token: plain });
    expect(refused.json.issue[0].diagnostics).toContain('bound to its key');
  });

  it('may be sent by pages of any origin', async () => {
    const preflight = await system.request('/Patient/one', { method: 'OPTIONS' });
    expect(preflight.headers['access-control-allow-headers']).toContain('DPoP');
  });
});
