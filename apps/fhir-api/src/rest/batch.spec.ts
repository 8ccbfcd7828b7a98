import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gunzipSync } from 'node:zlib';
import { ServiceIdentity } from '@payer/service';
import { eventually } from '@payer/testing';
import { appState, revokedGrant, publish } from '../gateway/testing/events.js';
import type { HttpAnswer, Json } from '../gateway/testing/http.js';
import { loadMembers } from '../gateway/testing/members.js';
import { bases, FhirApiSystem } from '../gateway/testing/system.js';

const system = new FhirApiSystem();
const base = bases.sandbox;
let token: string;

beforeAll(async () => {
  await system.start({
    SANDBOX_OPEN_DIRECTORY: 'on',
    OPEN_DIRECTORY_LIMIT_PER_ADDRESS: '12/3600',
    APP_REQUESTS_PER_MINUTE: '100',
    ACCESS_RECORD_FLUSH_MS: '50',
  });
  for (const app of ['auditedapp', 'greedyapp', 'wrongapp']) system.owners.commitApp(appState(app));
  await system.restart();
  await loadMembers(system.config);
  token = await system.issuer.patientToken('one');
});
afterAll(() => system.stop());

type Options = Parameters<FhirApiSystem['request']>[1];

const post = (body: string, options: Options = {}): Promise<HttpAnswer> =>
  system.request('', {
    token,
    method: 'POST',
    body,
    ...options,
    headers: { 'content-type': 'application/fhir+json', ...options.headers },
  });

const bundleOf = (entry: unknown[]) => JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry });

const batch = (entries: (string | object)[], options: Options = {}) =>
  post(
    bundleOf(
      entries.map((one) => ({ request: typeof one === 'string' ? { method: 'GET', url: one } : one })),
    ),
    options,
  );

const statuses = ({ json }: HttpAnswer): string[] =>
  json.entry.map(({ response }: Json) => (response.status as string).slice(0, 3));

describe('a batch of reads and searches', () => {
  it('is answered in its order, each entry like the separate request', async () => {
    const urls = ['Patient/one', '/Observation?code=29463-7', `${base}/Patient/one/_history/1`, 'metadata'];
    const answer = await batch([...urls, 'Patient/one?_elements=name']);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/fhir+json; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.json).toMatchObject({ resourceType: 'Bundle', type: 'batch-response' });
    const [read, search, vread, metadata, part] = answer.json.entry;
    const alone = await system.request('/Patient/one', { token });
    expect(read).toEqual({
      fullUrl: `${base}/Patient/one`,
      resource: alone.json,
      response: {
        status: '200 OK',
        etag: alone.headers.etag,
        lastModified: new Date(alone.headers['last-modified']!).toISOString(),
      },
    });
    const found = await system.request('/Observation?code=29463-7', { token });
    expect([search.resource, search.fullUrl]).toEqual([found.json, undefined]);
    expect(vread.resource).toEqual(alone.json);
    expect(metadata.resource.rest[0].interaction).toEqual([expect.objectContaining({ code: 'batch' })]);
    expect(Object.keys(part.resource).sort()).toEqual(['id', 'meta', 'name', 'resourceType']);
  });

  it('answers a failed entry with its OperationOutcome, and the others with their data', async () => {
    const answer = await batch([
      'Patient/two',
      'Patient/one',
      'Observation?date=x',
      'Account/1',
      'Patient/%zz',
    ]);
    expect(statuses(answer)).toEqual(['404', '200', '400', '404', '400']);
    for (const at of [0, 2, 3, 4]) {
      const { response, resource } = answer.json.entry[at];
      expect(resource).toBeUndefined();
      expect(response.outcome).toMatchObject({ resourceType: 'OperationOutcome' });
    }
  });

  it('reads conditionally', async () => {
    const { headers } = await system.request('/Patient/one', { token });
    const read = { method: 'GET', url: 'Patient/one' };
    const answer = await batch([
      { ...read, ifNoneMatch: headers.etag },
      { ...read, ifNoneMatch: 'W/"99"' },
      { ...read, ifModifiedSince: new Date(Date.now() + 60_000).toISOString() },
    ]);
    expect(statuses(answer)).toEqual(['304', '200', '304']);
    expect(answer.json.entry[0].resource).toBeUndefined();
  });

  it('is compressed, and negotiated as every answer', async () => {
    const gzip = await batch(['metadata'], { headers: { 'accept-encoding': 'gzip' } });
    expect(gzip.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(gzip.body).toString()).type).toBe('batch-response');
    const json = await batch(['Patient/one'], { headers: { accept: 'application/json' } });
    expect(json.headers['content-type']).toBe('application/json; charset=utf-8');
    expect((await batch([], { headers: { accept: 'application/fhir+xml' } })).status).toBe(406);
    expect((await batch([])).json).toEqual({ resourceType: 'Bundle', type: 'batch-response' });
  });
});

describe('a batch is no way around a rule', () => {
  it('writes nothing, nests nothing, and reaches no other server or base', async () => {
    const wrongToken = await system.issuer.patientToken('one', { claims: { client_id: 'wrongapp' } });
    const as = { token: wrongToken };
    const methods = ['POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'get'];
    const writes = await batch(
      methods.map((method) => ({ method, url: 'Patient/one' })),
      as,
    );
    expect(statuses(writes)).toEqual(methods.map(() => '405'));
    const others = [
      '',
      '/',
      '?_type=Patient',
      'https://other.example/Patient/one',
      '//other.example/Patient/one',
      `${bases.production}/Patient/one`,
      'file:///etc/passwd',
      '../fhir/Patient/one',
      'Patient/../Patient/one',
      'Patient/one#x y',
    ];
    const elsewhere = await batch(others, as);
    expect(statuses(elsewhere)).toEqual(others.map(() => '400'));
    const streamed = ['Binary/1', '$bulk-publish', '.well-known/smart-configuration'];
    for (const status of statuses(await batch(streamed, as))) expect(['400', '404']).toContain(status);
    const broken = await post(bundleOf([null, 1, {}, { request: {} }, { request: { method: 'GET' } }]), as);
    expect(statuses(broken)).toEqual(['400', '400', '400', '400', '400']);
  });

  it('is refused as a whole when it is no batch', async () => {
    const transaction = JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry: [] });
    const patient = JSON.stringify({ resourceType: 'Patient' });
    for (const body of [
      '',
      '{',
      '[]',
      'null',
      patient,
      transaction,
      '{"resourceType":"Bundle","type":"batch","entry":{}}',
    ])
      expect([body, (await post(body)).status]).toEqual([body, 400]);
    expect((await batch(Array.from({ length: 51 }, () => 'Patient/one'))).status).toBe(413);
    expect((await post(bundleOf(['x'.repeat(70_000)]))).status).toBe(413);
    for (const contentType of [
      'text/plain',
      'application/fhir+json;fhirVersion=3.0',
      'application/json; charset=utf-8; FHIRVERSION="5.0"',
    ])
      expect((await post('a=b', { headers: { 'content-type': contentType } })).status).toBe(415);
    const put = await system.request('', { token, method: 'PUT' });
    expect([put.status, put.headers.allow]).toEqual([405, 'POST, OPTIONS']);
  });

  it('gives each entry the rights of its token', async () => {
    const answer = await batch(['Patient/one', 'InsurancePlan', 'Patient?_id=two', 'Observation/two-weight']);
    expect(statuses(answer)).toEqual(['200', '403', '200', '404']);
    expect(answer.json.entry[2].resource.entry ?? []).toEqual([]);
    const directory = await batch(['Patient/one', 'Practitioner/doctor'], {
      token: await system.issuer.directoryToken(),
    });
    expect(statuses(directory)).toEqual(['403', '200']);
  });

  it('is refused without a token, and with a token that is refused', async () => {
    const production = { token: undefined, environment: 'production' } as const;
    const none = await batch(['Patient/one'], production as Options);
    expect([none.status, none.headers['www-authenticate']]).toEqual([401, expect.stringContaining('Bearer')]);
    expect((await batch(['Patient/one'], { token: 'abc' })).status).toBe(401);
    expect((await batch(['Patient/one'], { environment: 'production' })).status).toBe(401);
    const unknown = await system.issuer.patientToken('one', { claims: { client_id: 'unknownapp' } });
    const refused = await batch(['Patient/one', 'Patient/two'], { token: unknown });
    expect([refused.status, refused.json.resourceType]).toEqual([401, 'OperationOutcome']);
  });

  it('is refused with a revoked token, also when no entry reads data', async () => {
    const revoked = await system.issuer.patientToken('one', { claims: { grant_id: 'ended' } });
    expect((await batch([], { token: revoked })).status).toBe(200);
    await publish(system.publisher, 'grant-revoked', revokedGrant('ended', 'one'));
    await eventually(async () => (await system.request('/Patient/one', { token: revoked })).status === 401);
    for (const entries of [[], ['metadata'], [{ method: 'DELETE', url: 'Patient/one' }]])
      expect((await batch(entries, { token: revoked })).status).toBe(401);
  });

  it('records each entry as a request', async () => {
    const claims = { client_id: 'auditedapp', grant_id: 'batched' };
    const own = await system.issuer.patientToken('one', { claims });
    await batch(['Patient/one', 'Observation', 'Patient/two', 'InsurancePlan'], { token: own });
    const authorization = await ServiceIdentity.of('registration', { NODE_ENV: 'test' }).authorizationFor(
      'fhir-api',
    );
    const records = await eventually(async () => {
      const url = `${system.service.url}/internal/sandbox/access?grant_id=batched`;
      const { entries } = (await (await fetch(url, { headers: { authorization } })).json()) as Json;
      return entries.length >= 4 && (entries as Json[]).map(({ detail }) => detail).reverse();
    });
    expect(records).toEqual([
      { interaction: 'read', resource_type: 'Patient', status: 200, resources: 1 },
      { interaction: 'search', resource_type: 'Observation', status: 200, resources: 1 },
      { interaction: 'read', resource_type: 'Patient', status: 404, resources: 0 },
      { interaction: 'search', resource_type: 'InsurancePlan', status: 403, resources: 0 },
    ]);
  });

  it('uses up the budget of its app entry by entry', async () => {
    const own = await system.issuer.patientToken('one', { claims: { client_id: 'greedyapp' } });
    const many = Array.from({ length: 50 }, () => 'Patient/one');
    /** Sends batches until the condition holds. The budget is refilled more slowly than batches use it up. */
    const until = async (entries: string[], condition: (answer: HttpAnswer) => boolean) => {
      for (let sent = 1; sent <= 300; sent++) {
        const answer = await batch(entries, { token: own });
        if (condition(answer)) return { answer, sent };
      }
      throw new Error('the budget was never used up');
    };
    const { answer, sent } = await until(many, (one) => one.status === 200 && statuses(one).includes('429'));
    expect(sent).toBeGreaterThan(1);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(answer.headers.ratelimit).toContain('requests');
    expect((await until([], ({ status }) => status === 429)).answer.headers['retry-after']).toBeDefined();
  });

  it('counts each entry without a token, and shows the open directory alone', async () => {
    const none = { token: undefined } as unknown as Options;
    const answer = await batch(['Practitioner/doctor', 'Patient/one', 'Practitioner?_count=1'], none);
    expect(statuses(answer)).toEqual(['200', '401', '200']);
    expect(answer.headers.ratelimit).toContain('r=9;');
    const rest = await batch(
      Array.from({ length: 12 }, () => 'Practitioner/doctor'),
      none,
    );
    expect(statuses(rest)).toEqual([...Array.from({ length: 8 }, () => '200'), '429', '429', '429', '429']);
    expect((await batch([], none)).status).toBe(429);
  });
});

it('is not offered where it is switched off', async () => {
  const { config } = system;
  system.config = { ...config, BATCH_INTERACTION: 'off' };
  await system.restart();
  const answer = await batch(['Patient/one']);
  expect([answer.status, answer.headers.allow]).toEqual([405, 'OPTIONS']);
  expect((await system.request('/metadata')).json.rest[0].interaction).toBeUndefined();
});
