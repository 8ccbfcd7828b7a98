import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../gateway/testing/http.js';
import { loadMembers } from '../gateway/testing/members.js';
import { bases, FhirApiSystem } from '../gateway/testing/system.js';

const system = new FhirApiSystem();
let token: string;

beforeAll(async () => {
  await system.start();
  await loadMembers(system.config);
  token = await system.issuer.patientToken('one');
});
afterAll(() => system.stop());

describe('representation', () => {
  const pages = ['/Patient/one', '/Patient?_id=one', '/metadata'];

  it.each([
    ['', 'application/fhir+json'],
    ['application/fhir+json;fhirVersion=4.0', 'application/fhir+json'],
    ['text/html, */*;q=0.1', 'application/fhir+json'],
    ['application/json', 'application/json'],
  ])('Accept: "%s" is served with FHIR JSON as %s', async (accept, type) => {
    const headers = { accept };
    const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' };
    const answers = [
      ...(await Promise.all(pages.map((path) => system.request(path, { token, headers })))),
      await system.request('/Patient/_search', { token, method: 'POST', headers: form, body: '_id=one' }),
      await system.request('/Patient/none', { token, headers }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 404]);
    expect(new Set(answers.map((answer) => answer.headers['content-type']))).toEqual(
      new Set([`${type}; charset=utf-8`]),
    );
  });

  it('is indented when asked, and says the same', async () => {
    for (const path of pages) {
      const join = path.includes('?') ? '&' : '?';
      const plain = await system.request(path, { token });
      const pretty = await system.request(`${path}${join}_pretty=true`, { token });
      expect(pretty.body.toString().split('\n').length).toBeGreaterThan(5);
      const same = (json: Json) => ({ ...json, link: undefined });
      expect(same(pretty.json)).toEqual(same(plain.json));
      const other = await system.request(`${path}${join}_pretty=false`, { token });
      expect(other.body.toString()).not.toContain('\n');
    }
  });

  it('HEAD answers as GET would, without the body, compressed or not', async () => {
    for (const path of [...pages, '/.well-known/smart-configuration'])
      for (const encoding of ['identity', 'gzip', 'br']) {
        const headers = { 'accept-encoding': encoding };
        const get = await system.request(path, { token, headers });
        const head = await system.request(path, { token, headers, method: 'HEAD' });
        expect([head.status, head.body.length]).toEqual([200, 0]);
        for (const name of ['content-type', 'content-length', 'content-encoding', 'etag', 'vary'] as const)
          expect([path, name, head.headers[name]]).toEqual([path, name, get.headers[name]]);
      }
  });

  it('keeps what the address asked for in the links of a search', async () => {
    const { json } = await system.request('/Observation?_format=json&_count=0&status=final', { token });
    expect(json.link).toEqual([
      { relation: 'self', url: `${bases.sandbox}/Observation?_format=json&_count=0&status=final` },
    ]);
  });
});

it('of several formats or parts the last counts, and the self link asks for the same again', async () => {
  const search = await system.request('/Patient?_format=xml&_format=json&_pretty=true', { token });
  const again = await system.request(search.json.link[0].url.slice(bases.sandbox.length), { token });
  expect([again.status, again.json]).toEqual([200, search.json]);
  expect((await system.request('/Patient?_format=json&_format=xml', { token })).status).toBe(406);
  const read = await system.request(
    '/Patient/one?_elements=name&_summary=text&_summary=&_elements=birthDate',
    {
      token,
    },
  );
  const found = await system.request('/Patient?_id=one&_summary=text&_elements=name&_elements=birthDate', {
    token,
  });
  expect(read.json).toEqual(found.json.entry[0].resource);
});

describe('conditional reads', () => {
  it('reveal nothing about resources that the token may not read', async () => {
    for (const id of ['two', 'nobody'])
      for (const headers of [
        { 'if-none-match': 'W/"1"' },
        { 'if-none-match': '*' },
        { 'if-modified-since': new Date().toUTCString() },
      ] as Record<string, string>[]) {
        const answer = await system.request(`/Patient/${id}`, { token, headers });
        expect(answer.status).toBe(404);
        expect(answer.json.issue[0].details.text).toBe(`There is no Patient/${id} that this token may read.`);
        expect(answer.headers.etag).toBeUndefined();
      }
  });

  it('have the header that caches need', async () => {
    const answer = await system.request('/Patient/one', { token, headers: { 'if-none-match': '*' } });
    expect([answer.status, answer.headers.vary]).toEqual([304, 'Accept, Accept-Encoding, Authorization']);
  });
});

describe('errors', () => {
  it.each([
    ['/Observation?date=yesterday', 'date', 'YYYY-MM-DD'],
    ['/Observation?code:in=x', 'code:in', 'terminology server'],
    ['/Observation?_count=x', '_count', 'whole number'],
    ['/Observation?_query=x', '_query', 'named queries'],
    ['/Patient/one?_summary=count', '_summary', 'true, text, data, false'],
  ])('%s names the parameter and what is allowed', async (path, name, allowed) => {
    const answer = await system.request(path, { token });
    expect(answer.status).toBe(400);
    const [issue] = answer.json.issue;
    // An expression would have to name an element of a resource.
    expect([issue.location, issue.expression]).toEqual([[`http.${name}`], undefined]);
    expect(issue.details.text).toContain(allowed);
  });
});

describe('on the wire', () => {
  it('compresses what is large when asked, as the client prefers', async () => {
    const path = '/metadata';
    const plain = await system.request(path);
    const brotli = await system.request(path, { headers: { 'accept-encoding': 'gzip, br' } });
    const gzip = await system.request(path, { headers: { 'accept-encoding': 'gzip' } });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect([brotli.headers['content-encoding'], gzip.headers['content-encoding']]).toEqual(['br', 'gzip']);
    // `toEqual` compares bytes one by one in JavaScript.
    expect(brotliDecompressSync(brotli.body).equals(plain.body)).toBe(true);
    expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
    expect(brotli.body.length).toBeLessThan(plain.body.length / 5);
    const small = await system.request('/Patient/none', { token, headers: { 'accept-encoding': 'br' } });
    expect(small.headers['content-encoding']).toBeUndefined();
  });

  it('lets any web page call it with a token, and read what it needs of the answer', async () => {
    const origin = 'https://app.example';
    const preflight = await system.request('/Patient/one', {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization',
      },
    });
    for (const path of ['/Account/1', '/Patient/one/_history', ''])
      expect((await system.request(path, { method: 'OPTIONS', headers: { origin } })).status).toBe(204);
    expect(preflight.status).toBe(204);
    expect(preflight.headers['access-control-allow-origin']).toBe('*');
    expect(preflight.headers['access-control-allow-headers']).toContain('Authorization');
    expect(preflight.headers['access-control-allow-credentials']).toBeUndefined();
    for (const answer of [
      await system.request('/Patient/one', { token, headers: { origin } }),
      await system.request('/Patient/one', { headers: { origin } }),
      await system.request('/.well-known/smart-configuration', { headers: { origin } }),
    ]) {
      expect(answer.headers['access-control-allow-origin']).toBe('*');
      expect(answer.headers['access-control-expose-headers']).toMatch(/ETag.*WWW-Authenticate/);
    }
  });
});
