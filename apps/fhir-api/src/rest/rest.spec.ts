import { resourceTypes, resourceTypesOfPlan, type Plan } from '@payer/smart';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadMembers, loadResources } from '../gateway/testing/members.js';
import { send, type Json } from '../gateway/testing/http.js';
import { bases, FhirApiSystem } from '../gateway/testing/system.js';

const system = new FhirApiSystem();
let token: string;

beforeAll(async () => {
  await system.start();
  await loadMembers(system.config);
  token = await system.issuer.patientToken('one');
});
afterAll(() => system.stop());

describe('read', () => {
  it('answers with the resource, its version, its time and its cache rule', async () => {
    const answer = await system.request('/Patient/one', { token, headers: { 'x-request-id': 'call-0001' } });
    expect(answer.json).toMatchObject({ resourceType: 'Patient', id: 'one' });
    expect(answer.headers).toMatchObject({
      'content-type': 'application/fhir+json; charset=utf-8',
      etag: `W/"${answer.json.meta.versionId}"`,
      'last-modified': new Date(answer.json.meta.lastUpdated).toUTCString(),
      'cache-control': 'private, no-cache',
      'x-request-id': 'call-0001',
      'content-length': String(answer.body.length),
    });
    expect(answer.headers.vary).toContain('Authorization');
  });

  it('answers with the current version when it is asked for, and says that earlier ones are not kept', async () => {
    const read = await system.request('/Patient/one', { token });
    const { versionId } = read.json.meta;
    const current = await system.request(`/Patient/one/_history/${versionId}`, { token });
    expect([current.json, current.headers.etag]).toEqual([read.json, read.headers.etag]);
    const other = await system.request(`/Patient/one/_history/${Number(versionId) + 1}`, { token });
    expect([other.status, other.json.issue[0].details.text]).toEqual([
      404,
      expect.stringContaining('not kept'),
    ]);
  });

  it('answers 304 without a body when the client has it already', async () => {
    const { headers } = await system.request('/Patient/one', { token });
    for (const condition of [
      { 'if-none-match': headers.etag! },
      { 'if-modified-since': headers['last-modified']! },
    ] as Record<string, string>[]) {
      const answer = await system.request('/Patient/one', { token, headers: condition });
      expect([answer.status, answer.body.length, answer.headers.etag]).toEqual([304, 0, headers.etag]);
    }
    const changed = await system.request('/Patient/one', {
      token,
      headers: { 'if-none-match': 'W/"other"' },
    });
    expect(changed.status).toBe(200);
  });

  it('gives a part of it when asked, marked as such', async () => {
    const { json } = await system.request('/Patient/one?_elements=birthDate', { token });
    expect(Object.keys(json).sort()).toEqual(['birthDate', 'id', 'meta', 'resourceType']);
    expect(json.meta.tag[0].code).toBe('SUBSETTED');
    expect((await system.request('/Patient/one?_summary=most', { token })).status).toBe(400);
  });

  it('answers 410 for a deleted resource to its readers, and 404 to others', async () => {
    const directory = await system.issuer.directoryToken();
    const two = await system.issuer.patientToken('two');
    const statusOf = async (path: string, token: string) => (await system.request(path, { token })).status;
    const practitioner = { resourceType: 'Practitioner', id: 'left' };
    const { json } = await system.request('/Observation/one-weight', { token });
    const left = { ...json, id: 'one-left' };
    const kept = { ...json, id: 'one-kept', performer: [{ reference: 'Practitioner/left' }] };
    const deletion = (url: string) => ({ request: { method: 'DELETE', url } });
    const batch = (...urls: string[]) => [
      { resourceType: 'Bundle', type: 'batch', entry: urls.map(deletion) },
    ];
    await loadResources(system.config, [practitioner, left, kept]);
    expect(await statusOf('/Observation/one-left', token)).toBe(200);
    await loadResources(system.config, batch('Practitioner/left', 'Observation/one-left'));
    const gone = await system.request('/Practitioner/left', { token: directory });
    expect([gone.status, gone.json.issue[0].code]).toEqual([410, 'deleted']);
    expect(await statusOf('/Practitioner/never', directory)).toBe(404);
    for (const path of ['/Practitioner/left', '/Observation/one-left'])
      expect([path, await statusOf(path, token), await statusOf(path, two)]).toEqual([path, 410, 404]);
    await loadResources(system.config, [practitioner, ...batch('Observation/one-kept')]);
    expect(await statusOf('/Practitioner/left', directory)).toBe(200);
  });

  it('answers HEAD as GET, without the body', async () => {
    const get = await system.request('/Patient/one', { token });
    const head = await system.request('/Patient/one', { token, method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(head.body.length).toBe(0);
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
    expect(head.headers.etag).toBe(get.headers.etag);
  });
});

describe('search', () => {
  it('takes parameters by GET, by POST, and from both places at once', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const byGet = await system.request('/Observation?status=final&_id=one-weight', { token });
    const byPost = await system.request('/Observation/_search?status=final', {
      token,
      method: 'POST',
      headers: form,
      body: '_id=one-weight',
    });
    for (const answer of [byGet, byPost]) {
      expect(answer.json).toMatchObject({ resourceType: 'Bundle', type: 'searchset' });
      expect(answer.json.entry).toHaveLength(1);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
    const none = await system.request('/Observation/_search', {
      token,
      method: 'POST',
      headers: form,
      body: '_id=none',
    });
    expect(none.json.entry ?? []).toEqual([]);
  });

  it('links to the base the request came to', async () => {
    const { json } = await system.request('/Patient', { token });
    expect(json.entry[0].fullUrl).toBe(`${bases.sandbox}/Patient/one`);
    expect(json.link.find((link: Json) => link.relation === 'self').url).toContain(
      `${bases.sandbox}/Patient`,
    );
  });

  it('ignores an unknown parameter or refuses it, as the client prefers', async () => {
    expect((await system.request('/Patient?colour=red', { token })).status).toBe(200);
    const strict = await system.request('/Patient?colour=red', {
      token,
      headers: { prefer: 'handling=strict' },
    });
    expect(strict.status).toBe(400);
    expect(JSON.stringify(strict.json.issue)).toContain('colour');
  });

  it('refuses wrongly encoded parameters instead of guessing', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    for (const encoded of [
      'family=%zz',
      'family=100%',
      '%=x',
      'family=%FF',
      'family=%C3%28',
      '_id=%00',
      'family:exact=a%00b',
    ]) {
      const byGet = await system.request(`/Patient?${encoded}`, { token });
      const byPost = await system.request('/Patient/_search', {
        token,
        method: 'POST',
        headers: form,
        body: encoded,
      });
      const read = await system.request(`/Patient/one?${encoded}`, { token });
      for (const answer of [byGet, byPost, read]) {
        expect([encoded, answer.status]).toEqual([encoded, 400]);
        expect(answer.json.issue[0].details.text).toContain('%25');
      }
    }
    const raw = await system.request('/Patient/_search', {
      token,
      method: 'POST',
      headers: form,
      body: 'family=a\0',
    });
    expect(raw.status).toBe(400);
    expect((await system.request('/Patient?family=100%25', { token })).json.total).toBe(0);
    expect((await system.request('/Patient?family=%46amily+of', { token })).json.total).toBe(1);
  });

  it('names no parameter in an outcome when the parameter has no name', async () => {
    const answer = await system.request('/Patient?=x', { token, headers: { prefer: 'handling=strict' } });
    expect(answer.status).toBe(400);
    expect(Object.keys(answer.json.issue[0])).not.toContain('location');
  });

  it('never ignores a body: without a type it is refused, and with a final slash or an encoded path it is read', async () => {
    const post = (path: string, headers: Record<string, string>, body?: string) =>
      system.request(path, { token, method: 'POST', headers, ...(body === undefined ? {} : { body }) });
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const untyped = await post('/Observation/_search', {}, '_id=none');
    expect([untyped.status, untyped.json.resourceType]).toEqual([415, 'OperationOutcome']);
    const zipped = await post('/Observation/_search', { ...form, 'content-encoding': 'gzip' }, '_id=none');
    expect([zipped.status, zipped.json.issue[0].details.text]).toEqual([
      415,
      expect.stringContaining('gzip'),
    ]);
    expect((await post('/Observation/_search', {})).json.total).toBe(1);
    for (const path of ['/Observation/_search/', '/Observation/%5Fsearch'])
      expect((await post(path, form, '_id=none')).json.total).toBe(0);
    for (const path of ['/Observation/%zz/_search', '/Observation/%C3%28/_search'])
      expect((await post(path, form, '_id=none')).status).toBe(400);
    // No real client sends this path. The router cuts it there.
    const fragment = await send(system.service.url, `${bases.sandbox}/Observation/_search#%zz`, {
      asWhole: true,
      method: 'POST',
      headers: { ...form, authorization: `Bearer ${token}` },
      body: '_id=none',
    });
    expect(fragment.status).toBe(400);
  });

  it('has a next link that can be followed, however long the form was', async () => {
    const params = [
      '_count=1',
      `_id=doctor,${Array.from({ length: 1700 }, (_, n) => `practitioner-${String(n).padStart(24, '0')}`).join()}`,
    ];
    const directory = await system.issuer.directoryToken();
    // The only match has no next page, so the test builds the link from the self link of the same search.
    const { json } = await system.request('/Practitioner/_search', {
      token: directory,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: params.join('&'),
    });
    const { url } = json.link[0];
    expect(url.length).toBeGreaterThan(65_000);
    const again = await system.request(url.slice(bases.sandbox.length), { token: directory });
    expect([again.status, again.json]).toEqual([200, json]);
  });

  it('refuses a body that is no form with 415, and a form that is too large with 413', async () => {
    const json = await system.request('/Patient/_search', {
      token,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"_id":"one"}',
    });
    expect([json.status, json.json.resourceType]).toEqual([415, 'OperationOutcome']);
    const large = await system.request('/Patient/_search', {
      token,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `_id=${'x'.repeat(100_000)}`,
    });
    expect([large.status, large.json.resourceType]).toEqual([413, 'OperationOutcome']);
  });
});

describe('a missing resource or route', () => {
  it.each([
    ['PUT', '/Patient/one', 405, 'GET, HEAD, OPTIONS'],
    ['PATCH', '/Patient/one', 405, 'GET, HEAD, OPTIONS'],
    ['DELETE', '/Patient/one', 405, 'GET, HEAD, OPTIONS'],
    ['POST', '/Patient', 405, 'GET, HEAD, OPTIONS'],
    ['DELETE', '/Patient?family=x', 405, 'GET, HEAD, OPTIONS'],
    ['PUT', '', 405, 'POST, OPTIONS'],
    ['GET', '', 404, undefined],
    ['GET', '/Patient/_search', 405, 'POST, OPTIONS'],
    ['HEAD', '/Patient/_search', 405, 'POST, OPTIONS'],
    ['TRACE', '/Patient/one', 405, 'GET, HEAD, OPTIONS'],
    ['GET', '/Account', 404, undefined],
    ['GET', '/Patient/one/_history', 404, undefined],
    ['GET', '/Patient/one/_history/0', 404, undefined],
    ['GET', '/Patient/two/_history/1', 404, undefined],
    ['GET', '/Patient/_history', 404, undefined],
    ['GET', '/_history', 404, undefined],
    ['GET', '/Observation/one-weight/$everything', 404, undefined],
    ['PUT', '/Patient/one/$everything', 405, 'GET, HEAD, POST, OPTIONS'],
    ['POST', '/Patient/$match', 404, undefined],
    ['PUT', '/DocumentReference/$docref', 405, 'GET, HEAD, POST, OPTIONS'],
    ['GET', '/Patient/one/Practitioner', 404, undefined],
    ['GET', '/Patient/two/Observation', 404, undefined],
    ['GET', '//Patient/one', 404, undefined],
    ['GET', '/Patient//one', 404, undefined],
    ['GET', `/Patient/${'x'.repeat(65)}`, 404, undefined],
    ['GET', '/Patient/one%2Ftwo', 404, undefined],
    ['GET', '/Patient/..', 404, undefined],
  ])('%s %s answers %i with an OperationOutcome', async (method, path, status, allow) => {
    const answer = await system.request(path, {
      token,
      method,
      ...(method === 'GET'
        ? {}
        : { headers: { 'content-type': 'application/fhir+json' }, body: '{"resourceType":"Patient"}' }),
    });
    expect([answer.status, answer.headers.allow]).toEqual([status, allow]);
    if (method !== 'HEAD') expect(answer.json.resourceType).toBe('OperationOutcome');
  });

  it('a path may end in a slash and be percent-encoded', async () => {
    for (const path of ['/Patient/one/', '/Patient/%6Fne', '/%50atient/one'])
      expect((await system.request(path, { token })).json.id).toBe('one');
    expect((await system.request('/Patient/?_id=one', { token })).json.total).toBe(1);
  });

  it('an address that is too long is refused before it is read', async () => {
    const answer = await system.request(`/Patient?family=${'x'.repeat(300_000)}`, { token });
    expect([answer.status, answer.json.resourceType]).toEqual([431, 'OperationOutcome']);
  });

  it('a method that FHIR does not know is refused like any other', async () => {
    const answer = await system.request('/Patient/one', { token, method: 'PROPFIND' });
    expect([answer.status, answer.json.resourceType]).toEqual([405, 'OperationOutcome']);
    expect(answer.headers['access-control-allow-origin']).toBe('*');
  });

  it('XML is refused with 406, by header or by parameter', async () => {
    const header = await system.request('/Patient/one', {
      token,
      headers: { accept: 'application/fhir+xml' },
    });
    const parameter = await system.request('/Patient/one?_format=xml', { token });
    for (const answer of [header, parameter]) {
      expect(answer.status).toBe(406);
      expect(answer.json.issue[0].details.text).toContain('application/fhir+json');
    }
    expect(
      (await system.request('/Patient/one?_format=json', { token, headers: { accept: 'text/html' } })).status,
    ).toBe(200);
  });

  it('a form says its format as an address does, and that overrides Accept', async () => {
    const post = (accept: string, body: string, query = '') =>
      system.request(`/Patient/_search${query}`, {
        token,
        method: 'POST',
        headers: { accept, 'content-type': 'application/x-www-form-urlencoded' },
        body,
      });
    expect((await post('text/html', '_format=json')).status).toBe(200);
    expect((await post('text/html', '', '?_format=json')).status).toBe(200);
    expect((await post('application/fhir+json', '_format=xml')).status).toBe(406);
    expect((await post('text/html', '_id=one')).status).toBe(406);
    expect((await post('text/html', '_format=', '?_format=json')).status).toBe(200);
  });

  it('a host or path that is no FHIR base gets the addresses of the bases', async () => {
    for (const target of [
      'http://other.example/interop/external/fhir/Patient',
      'http://fhir.example/fhir/Patient',
    ]) {
      const answer = await send(system.service.url, target);
      expect(answer.status).toBe(404);
      expect(answer.json.issue[0].details.text).toContain(bases.production);
    }
  });

  it('the target of a request may be a whole URL, whose host counts', async () => {
    const whole = (url: string) =>
      send(system.service.url, url, { asWhole: true, headers: { host: 'other.example' } });
    expect((await whole(`${bases.production}/metadata`)).json.implementation.url).toBe(bases.production);
    expect((await whole(`${bases.sandbox}/metadata?_format=json`)).json.implementation.url).toBe(
      bases.sandbox,
    );
    for (const url of ['http://other.example/interop/external/fhir/metadata', 'http://fhir.example'])
      expect((await whole(url)).status).toBe(404);
  });

  it('a path that cannot be decoded is an OperationOutcome, too', async () => {
    const answer = await system.request('/Patient/%zz', { token });
    expect([answer.status, answer.json.resourceType]).toEqual([400, 'OperationOutcome']);
  });
});

describe('a token of one plan', () => {
  const ways = (type: string): [string, string][] => [
    ['GET', `/${type}/x`],
    ['HEAD', `/${type}/x`],
    ['GET', `/${type}?_id=x`],
    ['HEAD', `/${type}`],
    ['POST', `/${type}/_search`],
  ];
  const other = (plan: Plan) => [...resourceTypes].filter((type) => !resourceTypesOfPlan[plan].has(type));

  it.each(['patient-access', 'provider-directory'] as const)(
    'of %s is refused every resource type of the other, in every way',
    async (plan) => {
      const own = plan === 'patient-access' ? token : await system.issuer.directoryToken();
      expect(other(plan).length).toBeGreaterThan(1);
      for (const type of other(plan))
        for (const [method, path] of ways(type)) {
          const answer = await system.request(path, { token: own, method });
          expect([method, path, answer.status]).toEqual([method, path, 403]);
          expect(answer.headers['www-authenticate']).toContain('insufficient_scope');
        }
    },
  );
});
