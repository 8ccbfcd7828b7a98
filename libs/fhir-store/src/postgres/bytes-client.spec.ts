import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Pool } from 'pg';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { BytesClient, textAsBytes } from './bytes-client.js';

let postgres: TestPostgres;
let pool: Pool;
beforeAll(async () => {
  postgres = await startTestPostgres();
  pool = new Pool({ Client: BytesClient, connectionString: await postgres.database('bytes'), max: 1 });
  pool.on('error', () => undefined);
});
afterAll(async () => {
  await pool.end();
  await postgres.stop();
});

describe('values of type text', () => {
  it('come whole, the long ones as bytes, to who asks for that, and null and other types as ever', async () => {
    // Around the sizes at which messages and what the network delivers at once end in one another.
    const lengths = [0, 1, 65_535, 65_536, 300_000, ...Array.from({ length: 40 }, (_, i) => 1600 + i)];
    const { rows } = await pool.query<{ n: number; text: string | Buffer; none: null; at: Date }>({
      name: 'lengths',
      text: `SELECT n, repeat('é', n) AS text, NULL::text AS none, to_timestamp(n) AS at
             FROM unnest($1::int[]) WITH ORDINALITY AS a (n, place) ORDER BY place`,
      values: [lengths],
      types: textAsBytes,
    });
    expect(rows.map(({ n }) => n)).toEqual(lengths);
    for (const { n, text, none, at } of rows) {
      expect(String(text) === 'é'.repeat(n)).toBe(true);
      if (n >= 2048) expect(Buffer.isBuffer(text)).toBe(true);
      expect([none, at]).toEqual([null, new Date(n * 1000)]);
    }
  });

  it('stay as they came while the connection reads later answers', async () => {
    const read = async (letter: string) => {
      const { rows } = await pool.query<{ text: Buffer }>({
        text: `SELECT repeat($1::text, n) AS text FROM unnest(ARRAY[5000, 9000, 200000]) AS n`,
        values: [letter],
        types: textAsBytes,
      });
      return rows.map(({ text }) => text);
    };
    const first = await read('a');
    for (const letter of ['b', 'c', 'd']) await read(letter);
    expect(first.map((text) => text.length)).toEqual([5000, 9000, 200_000]);
    for (const text of first) expect(text.every((byte) => byte === 0x61)).toBe(true);
  });

  it('come as strings to everybody else, in arrays too', async () => {
    const { rows } = await pool.query(
      `SELECT 'ü' AS text, ARRAY['a"b', 'c,d', NULL] AS list, '{"a": 1}'::jsonb AS json, 2::int AS n, true AS yes`,
    );
    expect(rows).toEqual([{ text: 'ü', list: ['a"b', 'c,d', null], json: { a: 1 }, n: 2, yes: true }]);
  });

  it('do not hide what the server says between rows', async () => {
    const client = await pool.connect();
    const notices: string[] = [];
    client.on('notice', ({ message }) => notices.push(message ?? ''));
    const raised = client.query(`DO $$ BEGIN RAISE NOTICE 'heard'; END $$; SELECT 1 / 0 AS n`);
    await expect(raised).rejects.toMatchObject({ code: '22012' });
    expect(notices).toEqual(['heard']);
    client.release();
  });
});

it('an answer that is no message ends the connection, and no memory is set aside for it', async () => {
  const refusing = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () =>
      socket.end('Ecould not fork new process for connection: Cannot allocate memory\n'),
    );
  });
  await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = refusing.address() as AddressInfo;
    const connectionString = `postgres://nobody@127.0.0.1:${port}/none`;
    const { external } = process.memoryUsage();
    const connecting = Array.from({ length: 5 }, () => new BytesClient({ connectionString }).connect());
    for (const { status, reason } of (await Promise.allSettled(connecting)) as PromiseRejectedResult[]) {
      expect(status).toBe('rejected');
      expect(String(reason)).toMatch(/no message of PostgreSQL: Ecould not fork new process/);
    }
    expect(process.memoryUsage().external - external).toBeLessThan(100e6);
  } finally {
    refusing.close();
  }
});

it('a long answer is read in parts, between which other connections have their turn', async () => {
  const length = 60_000;
  const count = 40;
  const message = (code: string, body: Buffer) => {
    const head = Buffer.from(`${code}....`);
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const notice = message('N', Buffer.from(`SNOTICE\0M${'x'.repeat(length)}\0\0`));
  const started = [message('R', Buffer.alloc(4)), message('Z', Buffer.from('I'))];
  const talkative = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () =>
      socket.write(Buffer.concat([...started, ...Array.from({ length: count }, () => notice)])),
    );
  });
  await new Promise<void>((resolve) => talkative.listen(0, '127.0.0.1', resolve));
  const { port } = talkative.address() as AddressInfo;
  const client = new BytesClient({ connectionString: `postgres://nobody@127.0.0.1:${port}/none` });
  client.on('error', () => undefined);
  try {
    let inTurn = 0;
    let most = 0;
    const all = new Promise<void>((resolve) => {
      let received = 0;
      client.on('notice', () => {
        if (inTurn === 0) setImmediate(() => (inTurn = 0));
        most = Math.max(most, ++inTurn);
        if (++received === count) resolve();
      });
    });
    await client.connect();
    await all;
    expect(most * length).toBeLessThanOrEqual(5 * 65_536);
  } finally {
    (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
    talkative.close();
  }
});
