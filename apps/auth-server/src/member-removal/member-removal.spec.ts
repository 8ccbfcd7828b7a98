import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { DataSource } from 'typeorm';
import { migrated } from '../testing/migrated.js';
import { beginRemoval, endRemoval } from './member-removal.js';

let postgres: TestPostgres;
let source: DataSource;

beforeAll(async () => {
  postgres = await startTestPostgres();
  const url = await postgres.database('auth_server', migrated);
  source = await new DataSource({ type: 'postgres', url }).initialize();
});
afterAll(async () => {
  await source?.destroy();
  await postgres?.stop();
});

it('a key that is the member number of one member and the patient id of another removes neither', async () => {
  await source.query(
    `INSERT INTO member (environment, sub, username, password_hash, patient, name) VALUES
       ('sandbox', 's-1', '100', '', '200', 'One'), ('sandbox', 's-2', '101', '', '100', 'Two'),
       ('sandbox', 's-3', '102', '', '100', 'Two as well')`,
  );
  await expect(beginRemoval(source, 'sandbox', '100')).rejects.toThrow(
    /"100" names several members; .* the member number of sub s-1 .* and the patient id of sub s-2/,
  );
  expect(await source.query('SELECT FROM member')).toHaveLength(3);
  expect((await beginRemoval(source, 'sandbox', 's-1')).map(({ sub }) => sub)).toEqual(['s-1']);
  await endRemoval(source, 'sandbox', ['s-1']);
  // Now the key names one patient, to whose records two members sign in.
  expect((await beginRemoval(source, 'sandbox', '100')).map(({ sub }) => sub)).toEqual(['s-2', 's-3']);
});
