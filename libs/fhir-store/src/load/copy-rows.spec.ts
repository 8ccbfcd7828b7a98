import { afterAll, beforeAll, expect, it } from 'vitest';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { storable } from '../index/columns.js';
import { copyHeader, CopyRows, copyTrailer } from './copy-rows.js';

let postgres: TestPostgres;
let client: Client;

beforeAll(async () => {
  postgres = await startTestPostgres();
  client = new Client({ connectionString: await postgres.database('rows') });
  await client.connect();
});
afterAll(async () => {
  await client?.end();
  await postgres?.stop();
});

it('rows hold what a statement with the same values stores, at every boundary, while the memory grows', async () => {
  await client.query(
    'CREATE TABLE copied (n int, t text, a text[], s smallint[], b bigint[], f float8[], d float8, w timestamptz, j jsonb)',
  );
  await client.query('CREATE TABLE inserted (LIKE copied)');
  const odd = ['', 'x', 'é', '中', '\u{1F600}', '\ud800', '\udc00x', '"\\{},', '\u2028', '\n', '\uffff'];
  const texts = odd.flatMap((end) => [0, 61, 62, 63, 64, 65, 300].map((length) => 'y'.repeat(length) + end));
  const whole = [0, -1, 2 ** 32, -(2 ** 32), 2 ** 53 - 1, -8_640_000_000_000_000, 4_294_967_295];
  const numbers = [0, 5e-324, -Number.MAX_VALUE, Infinity, 0.1];
  const times = ['0001-01-01T00:00:00.000Z', '1999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'];
  const rows = new CopyRows(1);
  for (const [n, text] of texts.entries()) {
    const many = Array.from({ length: n * 10 }, (_, i) => texts[i % texts.length]!);
    const time = times[n % times.length]!;
    rows.beginRow(9);
    rows.integer(n);
    rows.text(text);
    rows.texts([...many, `\0${text}\0`]);
    rows.numbers('smallint[]', [-32_768, 32_767, n]);
    rows.numbers('bigint[]', whole);
    rows.numbers('float8[]', n === 0 ? [] : numbers);
    rows.float8(n / 7);
    rows.timestamptz(Date.parse(time));
    if (n === 0) rows.null();
    else rows.jsonb({ number: -Number.MAX_VALUE, text: [storable(text)] });
    await client.query('INSERT INTO inserted VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
      n,
      text,
      [...many, text],
      [-32_768, 32_767, n],
      whole,
      n === 0 ? [] : numbers,
      n / 7,
      time,
      n === 0 ? null : JSON.stringify({ number: -Number.MAX_VALUE, text: [storable(text)] }),
    ]);
  }
  await pipeline(
    Readable.from([copyHeader, rows.bytes(), copyTrailer]),
    client.query(copyFrom('COPY copied FROM STDIN (FORMAT binary)')),
  );
  const differing = await client.query('SELECT * FROM copied EXCEPT ALL SELECT * FROM inserted');
  expect(differing.rows).toEqual([]);
  expect((await client.query('SELECT FROM copied')).rowCount).toBe(texts.length);
});
