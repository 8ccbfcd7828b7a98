import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../answer.js';
import { encoded, EncodedDocuments, largeBody } from './compression.js';

const answer = (body: Answer['body']): Answer => ({ status: 200, headers: {}, body });
const document = answer(JSON.stringify({ text: 'x'.repeat(5000) }));
const decompress = { br: brotliDecompressSync, gzip: gunzipSync };

describe('an answer that is compressed for one request', () => {
  const text = (length: number) => '{"text":"Müller 🙂 line","value":1}'.repeat(length / 30);

  it.each(['br', 'gzip'] as const)('has the same bytes after %s, whatever its size', async (coding) => {
    for (const length of [5000, largeBody - 100, largeBody + 100, 2_000_000])
      for (const body of [text(length), Buffer.from(text(length))]) {
        const { encoded: made } = await encoded(answer(body), coding);
        expect(made?.coding).toBe(coding);
        expect(decompress[coding](made!.body).toString()).toBe(String(body));
        expect(made!.body.length).toBeLessThan(length / 5);
      }
  });

  it('does not depend on earlier or concurrent answers', async () => {
    const texts = Array.from({ length: 20 }, (_, n) => `${n} 漢字 ${'y'.repeat(5000 + n * 2500)}`);
    const made = await Promise.all(texts.map((body) => encoded(answer(body), 'br')));
    expect(made.map(({ encoded: one }) => brotliDecompressSync(one!.body).toString())).toEqual(texts);
    // Each character of this text takes three bytes.
    const wide = '漢'.repeat(largeBody - 1);
    expect(gunzipSync((await encoded(answer(wide), 'gzip')).encoded!.body).toString()).toBe(wide);
  });

  it('stays plain when it is small, unless the client refuses a plain body', async () => {
    const small = answer('{"resourceType":"Patient"}');
    expect(await encoded(small, 'gzip, br')).toBe(small);
    const { encoded: made } = await encoded(small, 'gzip, identity;q=0');
    expect(gunzipSync(made!.body).toString()).toBe(small.body);
  });

  it('stays unchanged without a body, and when it is compressed already', async () => {
    const nothing = answer(undefined);
    expect(await encoded(nothing, 'gzip, identity;q=0')).toBe(nothing);
    const once = await encoded({ ...document }, 'gzip');
    expect(await encoded(once, 'br')).toBe(once);
  });
});

describe('a document that is the same for everybody', () => {
  it('is compressed once for each content coding', async () => {
    const documents = new EncodedDocuments();
    const [first, second] = await Promise.all([1, 2].map(() => documents.encoded(document, 'gzip, br')));
    expect(second).toBe(first);
    expect(first?.encoded?.coding).toBe('br');
    expect(brotliDecompressSync(first!.encoded!.body).toString()).toBe(document.body);
    expect((await documents.encoded(document, 'gzip')).encoded?.coding).toBe('gzip');
  });

  it('is sent as it is to a client that names no coding of ours', async () => {
    const documents = new EncodedDocuments();
    for (const accepted of [undefined, 'identity', 'zstd'])
      expect(await documents.encoded(document, accepted)).toBe(document);
  });
});
