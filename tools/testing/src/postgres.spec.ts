import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from 'pg';
import { startTestPostgres, type TestPostgres } from './postgres.js';

const asked = async (url: string, text: string): Promise<unknown[]> => {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query({ text, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
};

describe('the databases of two test files', () => {
  let one: TestPostgres;
  let other: TestPostgres;
  let prepared = 0;
  const kept = {
    name: 'kept',
    async prepare(url: string) {
      prepared += 1;
      await asked(url, 'CREATE TABLE database_identity AS SELECT gen_random_uuid() AS id');
    },
  };

  beforeAll(async () => {
    [one, other] = [await startTestPostgres(), await startTestPostgres()];
  });
  afterAll(() => other.stop());

  it('are different ones on one server, under the same name', async () => {
    const [first, second] = [await one.database('same'), await other.database('same')];
    expect(await one.database('same')).toBe(first);
    expect(new URL(first).host).toBe(new URL(second).host);
    await asked(first, 'CREATE TABLE mine ()');
    expect(await asked(second, "SELECT to_regclass('mine')")).toEqual([null]);
  });

  it('are prepared once, and know that they are copies', async () => {
    const urls = await Promise.all([one.database('ready', kept), other.database('ready', kept)]);
    const identities = await Promise.all(urls.map((url) => asked(url, 'SELECT id FROM database_identity')));
    expect(prepared).toBe(1);
    expect(new Set(identities.flat()).size).toBe(2);
  });

  it('end with their file, open sessions included', async () => {
    const url = await one.database('left');
    const session = new Client({ connectionString: url });
    const ended = new Promise((resolve) => session.once('end', resolve));
    session.on('error', () => undefined);
    await session.connect();
    await one.stop();
    await ended;
    await expect(asked(url, 'SELECT 1')).rejects.toThrow(/does not exist/);
    expect(await asked(await other.database('same'), 'SELECT 1')).toEqual([1]);
  });
});

it('a test file gets no RSA key twice', async () => {
  const generate = () =>
    crypto.subtle.generateKey(
      {
        name: 'RSASSA-PKCS1-v1_5',
        modulusLength: 2048,
        publicExponent: new Uint8Array([1, 0, 1]),
        hash: 'SHA-256',
      },
      true,
      ['sign', 'verify'],
    );
  const [one, other] = [await generate(), await generate()];
  const moduli = await Promise.all(
    [one, other].map(async ({ publicKey }) => (await crypto.subtle.exportKey('jwk', publicKey)).n),
  );
  expect(new Set(moduli).size).toBe(2);
});
