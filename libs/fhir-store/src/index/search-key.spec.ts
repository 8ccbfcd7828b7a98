import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client } from 'pg';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { searchKey, searchKeySql } from './search-key.js';

let postgres: TestPostgres;
let client: Client;

beforeAll(async () => {
  postgres = await startTestPostgres();
  client = new Client({ connectionString: await postgres.database('keys') });
  await client.connect();
});
afterAll(async () => {
  await client?.end();
  await postgres?.stop();
});

it('the loader and PostgreSQL make the same keys of tokens of any length and alphabet', async () => {
  const letters = 'ab|/>~é漢😀 0';
  const tokens = Array.from({ length: 400 }, (_, n) =>
    Array.from({ length: n }, (_, i) => [...letters][(i * 7 + n * 13) % 11]).join(''),
  );
  const { rows } = await client.query<{ key: string }>(
    `SELECT ${searchKeySql('token')} AS key FROM unnest($1::text[]) WITH ORDINALITY AS t (token, n) ORDER BY n`,
    [tokens],
  );
  expect(tokens.map(searchKey)).toEqual(rows.map(({ key }) => Number(key)));
});
