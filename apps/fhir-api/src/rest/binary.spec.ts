import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadResources } from '../gateway/testing/members.js';
import { bases, FhirApiSystem } from '../gateway/testing/system.js';

const system = new FhirApiSystem();
let token: string;

const pdf = Buffer.from(Array.from({ length: 450_000 }, (_, i) => (i * 31 + (i >> 7)) % 256));
const stored = (id: string, contentType: string, content: Buffer | string) => ({
  resourceType: 'Binary',
  id,
  contentType,
  ...(content.length > 0 ? { data: Buffer.from(content).toString('base64') } : {}),
});
const binaries = [
  stored('pdf', 'application/pdf', pdf),
  stored('note', 'text/plain; charset=utf-8', 'Größe: 1,80 m'),
  stored('page', 'text/html', '<script>alert(1)</script>'),
  stored('json', 'application/json', '{"a":1}'),
  stored('empty', 'text/plain', ''),
];
const document = {
  resourceType: 'DocumentReference',
  id: 'documents',
  status: 'current',
  subject: { reference: 'Patient/one' },
  content: binaries.map(({ id }) => ({ attachment: { url: `Binary/${id}` } })),
};

beforeAll(async () => {
  await system.start();
  await loadResources(system.config, [
    ...binaries,
    document,
    stored('unnamed', 'text/plain', 'nobody names it'),
    { resourceType: 'Patient', id: 'one' },
  ]);
  token = await system.issuer.patientToken('one');
});
afterAll(() => system.stop());

const read = (id: string, headers: Record<string, string> = {}, query = '') =>
  system.request(`/Binary/${id}${query}`, { token, headers });

describe('a Binary', () => {
  it('is served as it is, with its own type, to a client that does not name FHIR', async () => {
    for (const accept of [
      undefined,
      '*/*',
      'application/pdf',
      'application/*',
      'application/pdf, */*;q=0.1',
    ]) {
      const answer = await read('pdf', accept === undefined ? {} : { accept });
      expect(answer.body.equals(pdf)).toBe(true);
      expect(answer.headers).toMatchObject({
        'content-type': 'application/pdf',
        'content-length': String(pdf.length),
        'x-content-type-options': 'nosniff',
        'cache-control': 'private, no-cache',
        etag: 'W/"1-content"',
      });
    }
    expect((await read('note')).body.toString()).toBe('Größe: 1,80 m');
    expect((await read('note')).headers['content-type']).toBe('text/plain; charset=utf-8');
  });

  it('is served as FHIR JSON to a client that names FHIR JSON', async () => {
    const named = [
      [{ accept: 'application/fhir+json' }, ''],
      [{ accept: 'application/json' }, ''],
      [{ accept: 'application/fhir+json, */*;q=0.5' }, ''],
      [{}, '?_format=json'],
      [{ accept: 'application/pdf' }, '?_format=application/fhir%2Bjson'],
    ] as [Record<string, string>, string][];
    for (const [headers, query] of named) {
      const answer = await read('pdf', headers, query);
      expect(answer.headers['content-type']).toMatch(/^application\/(fhir\+)?json; charset=utf-8$/);
      expect(answer.headers['content-length']).toBe(String(answer.body.length));
      expect(answer.json).toMatchObject({
        ...binaries[0],
        meta: { versionId: '1', lastUpdated: expect.any(String) },
      });
    }
    const empty = await read('empty', { accept: 'application/fhir+json' });
    expect(empty.json).toMatchObject(binaries[4]!);
    expect(empty.json).not.toHaveProperty('data');
  });

  it('that is JSON itself is not mistaken for FHIR JSON', async () => {
    expect((await read('json', { accept: 'application/json' })).json).toEqual({ a: 1 });
    expect((await read('json', { accept: 'application/fhir+json' })).json).toMatchObject(binaries[3]!);
  });

  it('runs no script as a page of this origin', async () => {
    expect((await read('page')).headers['content-security-policy']).toBe("sandbox; default-src 'none'");
  });

  it('is refused with 406 when the client takes neither', async () => {
    for (const accept of ['image/png', 'application/fhir+xml', 'application/pdf;q=0'])
      expect(await read('pdf', { accept })).toMatchObject({ status: 406 });
    expect(await read('pdf', {}, '?_format=xml')).toMatchObject({ status: 406 });
  });

  it('answers HEAD and conditional requests as every read', async () => {
    const head = await system.request('/Binary/pdf', { token, method: 'HEAD' });
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([
      200,
      String(pdf.length),
      0,
    ]);
    const accepts = ['application/pdf', 'application/fhir+json'];
    const tags = await Promise.all(
      accepts.map(async (accept) => String((await read('pdf', { accept })).headers.etag)),
    );
    // A client that has one representation does not have the other one.
    for (const [of, accept] of accepts.entries())
      for (const [from, tag] of tags.entries())
        expect(await read('pdf', { accept, 'if-none-match': tag })).toMatchObject({
          status: of === from ? 304 : 200,
        });
    expect(await read('pdf', { 'if-none-match': tags.join(', ') })).toMatchObject({ status: 304 });
    expect(await read('pdf/_history/1')).toMatchObject({ status: 200 });
    expect(await read('pdf/_history/2')).toMatchObject({ status: 404 });
  });

  it('is read by the members whose documents name it, and by nobody else', async () => {
    const other = await system.issuer.patientToken('two');
    const directory = await system.issuer.directoryToken();
    const status = async (id: string, bearer?: string) =>
      (await system.request(`/Binary/${id}`, { token: bearer })).status;
    expect(await status('pdf')).toBe(401);
    expect(await status('pdf', other)).toBe(404);
    expect(await status('pdf', directory)).toBe(403);
    expect(await status('unnamed', token)).toBe(404);
  });

  it('is not searched, and the CapabilityStatement says so', async () => {
    expect(await system.request('/Binary?_id=pdf', { token })).toMatchObject({ status: 404 });
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const search = await system.request('/Binary/_search', {
      token,
      method: 'POST',
      headers: form,
      body: '',
    });
    expect([search.status, search.json.issue[0].details.text]).toEqual([
      404,
      expect.stringContaining('read by id'),
    ]);
    const { json } = await system.request('/metadata');
    const { interaction, searchParam } = json.rest[0].resource.find(
      ({ type }: { type: string }) => type === 'Binary',
    );
    expect([interaction.map(({ code }: { code: string }) => code), searchParam]).toEqual([
      ['read', 'vread'],
      undefined,
    ]);
    // The reference of the document is served as it was given, and an app finds the Binary below the base.
    const { json: found } = await system.request('/DocumentReference/documents', { token });
    const url = new URL(found.content[0].attachment.url, `${bases.sandbox}/`);
    expect(url.pathname).toMatch(/\/fhir\/Binary\/pdf$/);
  });
});
