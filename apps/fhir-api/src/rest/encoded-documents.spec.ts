import { describe, expect, it } from 'vitest';
import { brotliDecompressSync } from 'node:zlib';
import type { Answer } from '../answer.js';
import { EncodedDocuments } from './compression.js';

const document: Answer = { status: 200, headers: {}, body: JSON.stringify({ text: 'x'.repeat(2000) }) };

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
