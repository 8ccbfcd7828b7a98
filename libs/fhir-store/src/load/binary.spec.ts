import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { binary, document } from '../testing/binaries.js';
import { bundle, deletion, lines, patient } from '../testing/small-resources.js';
import { baseUrl, directory, member, TestStore } from '../testing/store.js';
import type { Access } from '../access.js';

const store = new TestStore();
beforeAll(() => store.start());
afterAll(() => store.stop());

/** The content that an access reads; undefined when it reads none. */
async function read(id: string, access: Access): Promise<Buffer | undefined> {
  const found = await store.engine.readBinary({ id, access });
  if (!found) return undefined;
  const parts: Buffer[] = [];
  for await (const part of found.content()) parts.push(part);
  return Buffer.concat(parts);
}
const text = async (id: string, access: Access) => (await read(id, access))?.toString();

describe('a Binary', () => {
  it('belongs to the readers of the document that names it, whichever comes first', async () => {
    const first = store.file(
      'b1.ndjson',
      lines(binary('b1', 'one'), patient('p1'), document('d1', 'p1', 'Binary/b1')),
    );
    expect(await store.load(first)).toMatchObject({ created: 3, rejected: 0 });
    await store.load(store.file('b2.ndjson', lines(document('d2', 'p2', `${baseUrl}/Binary/b2`))));
    await store.load(store.file('b3.ndjson', lines(binary('b2', 'two'))));
    expect([await text('b1', member('p1')), await text('b2', member('p2'))]).toEqual(['one', 'two']);
    for (const [id, access] of [
      ['b1', member('p2')],
      ['b2', member('p1')],
      ['b1', directory],
      ['b1', { patient: 'p1', types: new Set(['DocumentReference']) }],
    ] as const)
      expect(await text(id, access)).toBeUndefined();
  });

  it('is not reached any more when the document names another one, moves to another member, or is deleted', async () => {
    await store.put([binary('m', 'moving'), document('dm', 'm1', 'Binary/m')]);
    expect(await text('m', member('m1'))).toBe('moving');
    await store.put([document('dm', 'm2', 'Binary/m')]);
    expect([await text('m', member('m1')), await text('m', member('m2'))]).toEqual([undefined, 'moving']);
    await store.put([document('dm', 'm2', 'Binary/other')]);
    expect(await text('m', member('m2'))).toBeUndefined();
    await store.put([document('dm', 'm2', 'Binary/m')]);
    await store.load(store.file('gone.json', bundle('batch', deletion('DocumentReference/dm'))));
    expect(await text('m', member('m2'))).toBeUndefined();
  });

  it('with a securityContext belongs to the readers of that resource, whatever else names it', async () => {
    await store.put([
      { ...binary('s1', 'of a patient'), securityContext: { reference: 'Patient/s' } },
      { ...binary('s2', 'of a document'), securityContext: { reference: 'DocumentReference/ds' } },
      patient('s'),
      document('ds', 's', 'https://elsewhere.example/x'),
      document('dt', 't', 'Binary/s1'),
      document('du', 't', 'Binary/s2'),
      patient('t'),
    ]);
    for (const id of ['s1', 's2'])
      expect([id, await text(id, member('s')), await text(id, member('t'))]).toEqual([
        id,
        expect.stringMatching(/^of a/),
        undefined,
      ]);
  });

  it('keeps every byte over many parts, and its version as other resources do', async () => {
    const content = Buffer.from(Array.from({ length: 700_001 }, (_, i) => (i * 7919 + (i >> 8)) % 256));
    const large = {
      ...binary('large', ''),
      data: content.toString('base64'),
      contentType: 'application/pdf',
    };
    const file = store.file('large.ndjson', lines(large, document('dl', 'l', 'Binary/large')));
    expect(await store.load(file)).toMatchObject({ created: 2 });
    expect((await read('large', member('l')))?.equals(content)).toBe(true);
    expect(await store.load(file)).toMatchObject({ unchanged: 2 });
    const wrapped = large.data.replace(/.{76}/g, '$&\\r\\n');
    const same = lines(large).replace(large.data, wrapped);
    expect(await store.load(store.file('wrapped.ndjson', same))).toMatchObject({ unchanged: 1, rejected: 0 });
    await store.put([binary('large', 'small')]);
    const found = await store.engine.readBinary({ id: 'large', access: member('l') });
    expect(found).toMatchObject({ versionId: '2', size: 5, contentType: 'text/plain' });
    expect(await text('large', member('l'))).toBe('small');
    const { rows } = await store.pool.query("SELECT part FROM binary_part WHERE id = 'large'");
    expect(rows).toHaveLength(1);
  });

  it('is never read half old and half new', async () => {
    await store.put([{ ...binary('half', 'x'.repeat(400_000)) }, document('dh', 'h', 'Binary/half')]);
    const found = await store.engine.readBinary({ id: 'half', access: member('h') });
    const parts = found!.content();
    await parts.next();
    await store.put([binary('half', 'y'.repeat(400_000))]);
    await expect(parts.next()).rejects.toThrow(/has changed/);
  });

  it('is deleted by a Bundle, remembered as deleted to its readers, and gets no version twice', async () => {
    await store.put([binary('del', 'x'), document('dd', 'd', 'Binary/del')]);
    const gone = store.file('del.json', bundle('transaction', deletion('Binary/del')));
    expect(await store.load(gone)).toMatchObject({ deleted: 1, byType: { Binary: 1 } });
    expect(await text('del', member('d'))).toBeUndefined();
    const asked = { type: 'Binary', id: 'del' };
    expect(await store.engine.isDeleted({ ...asked, access: member('d') })).toBe(true);
    expect(await store.engine.isDeleted({ ...asked, access: member('other') })).toBe(false);
    await store.put([binary('del', 'y')]);
    expect((await store.engine.readBinary({ id: 'del', access: member('d') }))?.versionId).toBe('2');
  });

  it('of a Bundle is found by its urn', async () => {
    const entries = [
      {
        fullUrl: 'urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0',
        resource: { ...binary('', 'urn'), id: undefined },
      },
      { resource: document('durn', 'urn', 'urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0') },
    ];
    const report = await store.load(store.file('urn.json', bundle('collection', ...entries)));
    expect(report).toMatchObject({ created: 2, rejected: 0 });
    expect(await text('0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0', member('urn'))).toBe('urn');
  });

  it('is refused when it could not be served', async () => {
    const { reasons, created } = await store.loadWith(
      { structure: 'count' },
      store.file(
        'bad.ndjson',
        lines(
          { ...binary('bad', ''), data: 'a===' },
          { ...binary('bad', ''), data: 'not base64!' },
          { ...binary('bad', ''), data: 5 },
          { ...binary('bad', ''), contentType: 'text/plain\r\nx: y' },
          { ...binary('bad', ''), contentType: undefined },
          { ...binary('not valid!', '') },
          { ...binary('bad', ''), securityContext: { reference: 'https://elsewhere.example/Patient/1' } },
          { ...binary('bad', ''), securityContext: { identifier: { value: '1' } } },
          { ...binary('bad', ''), meta: { lastUpdated: '2026' } },
        ) + '\n{"resourceType":"Binary","id":"bad","id":"b","contentType":"a/b"}',
      ),
    );
    expect(created).toBe(0);
    expect(reasons.map((reason) => reason.replace(/^.*bad\.ndjson:\d+: /, ''))).toEqual([
      'Binary/bad: data is not base64',
      'Binary/bad: data is not base64',
      'Binary/bad: data is not a text',
      expect.stringMatching(/contentType is not a media type/),
      expect.stringMatching(/contentType is not a media type/),
      expect.stringMatching(/Binary has no valid id/),
      expect.stringMatching(/securityContext ".*" is not a reference to a resource of this server/),
      expect.stringMatching(/securityContext has no reference/),
      expect.stringMatching(/lastUpdated is not an instant/),
      expect.stringMatching(/a member is there twice/),
    ]);
  });
});
