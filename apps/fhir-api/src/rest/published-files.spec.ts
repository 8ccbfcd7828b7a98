import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { BytesClient } from '@payer/fhir-store';
import { resourceTypesOfPlan, type Environment } from '@payer/smart';
import { generate } from '@payer/synthetic';
import { eventually } from '@payer/testing';
import { manifestName, typeOfName } from '../bulk-publish/layout.js';
import { publish } from '../bulk-publish/publish.js';
import { PublishedFolder } from '../bulk-publish/testing/published-folder.js';
import { Decompressions } from '../fairness/decompressions.js';
import { publicAccess } from '../gateway/open-directory.js';
import { appState } from '../gateway/testing/events.js';
import type { HttpAnswer, Json } from '../gateway/testing/http.js';
import { loadResources } from '../gateway/testing/members.js';
import { bases, FhirApiSystem } from '../gateway/testing/system.js';
import { publishedAnswer } from './published-files.js';

const system = new FhirApiSystem();
const directory = mkdtempSync(join(tmpdir(), 'directory-export-'));
const closed = mkdtempSync(join(tmpdir(), 'directory-export-closed-'));
const folder = new PublishedFolder(directory);
const base = bases.sandbox;

/** Publishes the sandbox's data under the base of an environment. */
async function publishAs(environment: Environment, to: string): Promise<void> {
  const client = new BytesClient({ connectionString: system.config.SANDBOX_DATABASE_URL });
  await client.connect();
  const fhirBaseUrl = bases[environment];
  const filesUrl = `${fhirBaseUrl}/directory-export`;
  await publish({ client, access: publicAccess, fhirBaseUrl, filesUrl, directory: to, partSize: 16 });
  await client.end();
}

/** Begins a download, and closes the connection when the headers have come. */
const leaveDuringDownload = (path: string) =>
  new Promise<void>((resolve) => {
    const { port } = new URL(system.service.url);
    const { host, pathname } = new URL(`${base}${path}`);
    const request = httpRequest({ port, path: pathname, headers: { host }, agent: false }, (response) => {
      response.destroy();
      resolve();
    });
    request.on('error', () => resolve()).end();
  });

/** Sends several requests on one connection at once, and closes it with the first bytes that come back. */
const leavePipelined = (paths: readonly string[]) =>
  new Promise<void>((resolve) => {
    const socket = connect(Number(new URL(system.service.url).port), 'localhost', () => {
      for (const path of paths) {
        const { host, pathname, search } = new URL(`${base}${path}`);
        socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      }
    });
    socket.once('data', () => socket.destroy());
    socket.once('error', () => undefined);
    socket.once('close', () => resolve());
  });

beforeAll(async () => {
  await system.start({
    SANDBOX_OPEN_DIRECTORY: 'on',
    SANDBOX_DIRECTORY_EXPORT: directory,
    PRODUCTION_DIRECTORY_EXPORT: closed,
    OPEN_DIRECTORY_LIMIT_PER_ADDRESS: '100000/60',
  });
  const environments: Environment[] = ['production'];
  system.owners.commitApp(appState('openapp', { plan: 'provider-directory', environments }));
  await system.restart();
  await loadResources(system.config, [...generate({ environment: 'sandbox', members: 2 })]);
  await publishAs('sandbox', directory);
  await publishAs('production', closed);
}, 120_000);
afterAll(async () => {
  await system.stop();
  for (const one of [directory, closed]) rmSync(one, { recursive: true, force: true });
});

describe('the files over HTTP', () => {
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    system.request(path, { headers, method });
  const urls = () => (folder.manifest.output as Json[]).map(({ url }) => (url as string).slice(base.length));

  it('have the resources of the search API, byte for byte, and no others', async () => {
    const files = folder.resources();
    const searched = new Set<string>();
    for (const type of resourceTypesOfPlan['provider-directory']) {
      let path: string | undefined = `/${type}?_count=50`;
      while (path !== undefined) {
        const { json }: HttpAnswer = await system.request(path);
        for (const { resource } of json.entry ?? []) {
          const key = `${type}/${resource.id}`;
          searched.add(key);
          expect(JSON.parse(files.get(key)!)).toEqual(resource);
        }
        const next: string | undefined = json.link.find(({ relation }: Json) => relation === 'next')?.url;
        path = next?.slice(base.length);
      }
    }
    expect([...files.keys()].sort()).toEqual([...searched].sort());
    const [key, line] = [...files][7]!;
    expect((await system.request(`/${key}`)).body.toString()).toBe(line);
  });

  it('are what a Bulk Data client gets by $bulk-publish, compressed or not', async () => {
    const answer = await get('/$bulk-publish');
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.json).toMatchObject({ requiresAccessToken: false, request: `${base}/$bulk-publish` });
    const files = folder.resources();
    let lines = 0;
    // One expectation for all lines: an expectation costs more than the comparison of a line.
    const differing: string[] = [];
    for (const { url, type } of answer.json.output) {
      const path = (url as string).slice(base.length);
      const plain = await get(path, { accept: 'application/fhir+ndjson' });
      const gzip = await get(path, { 'accept-encoding': 'gzip, deflate, br' });
      expect(plain.headers).toMatchObject({
        'content-type': 'application/fhir+ndjson',
        'content-length': String(plain.body.length),
      });
      expect(plain.headers['content-encoding']).toBeUndefined();
      expect(gzip.headers).toMatchObject({ 'content-encoding': 'gzip', 'accept-ranges': 'bytes' });
      // `toEqual` compares megabytes byte by byte in JavaScript.
      expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
      for (const line of plain.body.toString().split('\n').filter(Boolean)) {
        lines += 1;
        if (files.get(`${type}/${JSON.parse(line).id}`) !== line) differing.push(line);
      }
    }
    expect(differing).toEqual([]);
    expect(lines).toBe(files.size);
    const list = await get('/directory-export/index.json');
    const bundle = await get((list.json.provider_urls[0] as string).slice(base.length));
    expect(bundle.headers['content-type']).toMatch(/^application\/fhir\+json/);
    expect(bundle.json.type).toBe('collection');
  });

  it('have an ETag for each encoding, and answer 304 and HEAD', async () => {
    const [path] = urls() as [string];
    for (const headers of [{}, { 'accept-encoding': 'gzip' }] as Record<string, string>[]) {
      const first = await get(path, headers);
      expect(first.headers['cache-control']).toBe('public, max-age=31536000, immutable');
      const again = await get(path, { ...headers, 'if-none-match': first.headers.etag! });
      expect([again.status, again.body.length]).toEqual([304, 0]);
      const other = await get(path, { ...headers, 'if-none-match': '"other"' });
      expect(other.status).toBe(200);
      const head = await get(path, headers, 'HEAD');
      expect([head.status, head.headers['content-length'], head.body.length]).toEqual([
        200,
        String(first.body.length),
        0,
      ]);
    }
    const [plain, gzip] = [await get(path), await get(path, { 'accept-encoding': 'gzip' })];
    expect(plain.headers.etag).not.toBe(gzip.headers.etag);
    const list = await get('/$bulk-publish');
    expect((await get('/$bulk-publish', { 'if-none-match': list.headers.etag! })).status).toBe(304);
    expect(list.headers['access-control-allow-origin']).toBe('*');
  });

  it('come in ranges, so that a stopped download goes on', async () => {
    const [path] = urls() as [string];
    const gzip = { 'accept-encoding': 'gzip' };
    const { body, headers } = await get(path, gzip);
    const size = body.length;
    const ranges: [range: string, start: number, end: number][] = [
      ['bytes=0-9', 0, 9],
      [`bytes=${size - 3}-`, size - 3, size - 1],
      ['bytes=-4', size - 4, size - 1],
      [`bytes=5-${size + 100}`, 5, size - 1],
    ];
    for (const [range, start, end] of ranges) {
      const part = await get(path, { ...gzip, range, 'if-range': headers.etag! });
      expect([range, part.status, part.headers['content-range']]).toEqual([
        range,
        206,
        `bytes ${start}-${end}/${size}`,
      ]);
      expect(part.body.equals(body.subarray(start, end + 1))).toBe(true);
    }
    const outside = await get(path, { ...gzip, range: `bytes=${size}-` });
    expect([outside.status, outside.headers['content-range']]).toEqual([416, `bytes */${size}`]);
    for (const whole of [
      { range: 'bytes=0-1', 'if-range': '"other"' },
      { range: 'lines=0-1' },
      { range: 'bytes=0-1,4-5' },
      { range: 'bytes=9-2' },
    ])
      expect((await get(path, { ...gzip, ...whole } as Record<string, string>)).status).toBe(200);
  });

  it('are decompressed for a few requests at a time, counted before the first byte', async () => {
    const [path] = urls() as [string];
    const places = new Decompressions({ inAll: 8, perCaller: 2 });
    const published = { directory, isPublic: true, reserveDecompression: () => places.reserve('one') };
    const name = path.split('/').at(-1)!;
    const named = { kind: 'published', name, content: typeOfName(name) } as const;
    const ask = (method: string, headers: Record<string, string> = {}) =>
      publishedAnswer(published, named, { method, headers });
    const burst = await Promise.allSettled(Array.from({ length: 20 }, () => ask('GET')));
    const served = burst.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(served).toHaveLength(2);
    for (const one of burst) if (one.status === 'rejected') expect(one.reason).toMatchObject({ status: 429 });
    for (const free of [await ask('HEAD'), await ask('GET', { 'accept-encoding': 'gzip' })])
      expect(free.status).toBe(200);
    served[0]!.ended!();
    expect((await ask('GET')).status).toBe(200);
  });

  it('give their place back however a download ends', async () => {
    const [path] = urls() as [string];
    const { headers } = await get(path);
    for (let time = 0; time < 6; time++) {
      expect((await get(path)).status).toBe(200);
      expect((await get(path, {}, 'HEAD')).status).toBe(200);
      expect((await get(path, { 'if-none-match': headers.etag! })).status).toBe(304);
      await leaveDuringDownload(path);
    }
    await eventually(async () => (await get(path)).status === 200);
  });

  it('give their place back when a client leaves with requests that wait behind another', async () => {
    const [path] = urls() as [string];
    for (let time = 0; time < 6; time++) await leavePipelined(['/Practitioner?_count=50', path, path]);
    await eventually(async () => (await get(path)).status === 200);
  });

  it('are under the limits of their client, and say so', async () => {
    expect((await get('/$bulk-publish')).headers.ratelimit).toContain('directory-per-address');
    const token = await system.issuer.directoryToken();
    const { headers } = await system.request('/$bulk-publish', { token });
    expect(headers['ratelimit-policy']).toContain('requests');
  });

  it('are no way to any other file', async () => {
    for (const name of [
      'manifest.json',
      '..%2f..%2fetc%2fpasswd',
      '%2e%2e/manifest.json',
      `Practitioner-${'0'.repeat(31)}g.ndjson`,
      `Practitioner-${'0'.repeat(32)}.ndjson.gz`,
      `Patient-${'0'.repeat(32)}.ndjson`,
      `.partial-Practitioner.ndjson`,
      '',
    ])
      expect([name, (await get(`/directory-export/${name}`)).status]).toEqual([name, 404]);
    for (const method of ['POST', 'PUT', 'DELETE'])
      expect((await get('/$bulk-publish', {}, method)).status).toBe(405);
  });

  it('need a token of the directory plan where the directory is closed, and say so', async () => {
    const environment = 'production';
    const { url } = JSON.parse(readFileSync(join(closed, manifestName), 'utf8')).output[0];
    const path = (url as string).slice(bases.production.length);
    const token = await system.issuer.directoryToken({ environment, claims: { client_id: 'openapp' } });
    const member = await system.issuer.patientToken('one', { environment });
    for (const below of ['/$bulk-publish', path, '/directory-export/index.json']) {
      const statuses = [
        (await system.request(below, { environment })).status,
        (await system.request(below, { environment, token: 'abc' })).status,
        (await system.request(below, { environment, token: member })).status,
        (await system.request(below, { environment, token })).status,
      ];
      expect([below, statuses]).toEqual([below, [401, 401, 403, 200]]);
    }
    const served = await system.request('/$bulk-publish', { environment, token });
    expect(served.json.requiresAccessToken).toBe(true);
    expect(served.headers['cache-control']).toMatch(/^private/);
    // A token that is sent is checked where the directory is open, too.
    expect((await system.request('/$bulk-publish', { token: 'abc' })).status).toBe(401);
    const sandboxMember = await system.issuer.patientToken('one');
    expect((await system.request('/$bulk-publish', { token: sandboxMember })).status).toBe(403);
  });

  it('are in metadata and in the SMART configuration', async () => {
    const { json } = await get('/metadata');
    expect(json.rest[0].operation).toEqual([expect.objectContaining({ name: 'bulk-publish' })]);
    expect((await get('/.well-known/smart-configuration')).json.bulk_publish_endpoint).toBe(
      `${base}/$bulk-publish`,
    );
  });
});

it("the plan's own entries of the Bundle of brands can be loaded into the directory, and found there", async () => {
  const { json } = await system.request('/.well-known/user-access-brands.json');
  await loadResources(system.config, [json]);
  const found = await system.request(
    '/Endpoint?organization=Organization/plan&_include=Endpoint:organization',
  );
  expect(found.json.entry.map(({ resource }: Json) => resource.id)).toEqual(['plan-sandbox', 'plan']);
  expect(found.json.entry[0].resource.address).toBe(base);
});
