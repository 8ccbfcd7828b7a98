import { eventually, startTestPostgres, type TestPostgres } from '@payer/testing';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrated } from '../testing/migrated.js';
import { beginRemoval, endRemoval } from './member-removal.js';

let postgres: TestPostgres;
let source: DataSource;
beforeAll(async () => {
  postgres = await startTestPostgres();
  const url = await postgres.database('auth_server', migrated);
  source = await new DataSource({ type: 'postgres', url }).initialize();
}, 120_000);
afterAll(async () => {
  await source?.destroy();
  await postgres?.stop();
});

const isWaiting = async () =>
  (await source.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")).length > 0;

it('a refresh under way when a removal begins leaves no trace of the member when the removal ends', async () => {
  const insert = `INSERT INTO oidc_artifact (environment, model, id_sha256, payload, expires_at)
    VALUES ('production', $1, $2, $3, now() + interval '1 hour')`;
  await source.query("INSERT INTO member VALUES ('production', 'gone', 'ada', 'x', 'patient-1', 'Ada')");
  await source.query(insert, ['Session', 'other', { accountId: 'stays' }]);
  await source.query(insert, ['RefreshToken', 'first', { accountId: 'gone' }]);
  const refresh = source.createQueryRunner();
  await refresh.connect();
  await refresh.startTransaction();
  await refresh.query("UPDATE oidc_artifact SET consumed_at = now() WHERE id_sha256 = 'first'");
  const beginning = beginRemoval(source, 'production', 'ada');
  // The removal waits for the row that the refresh uses up. Its statement does not see the successor.
  await eventually(isWaiting);
  await refresh.query(insert, ['RefreshToken', 'second', { accountId: 'gone' }]);
  await refresh.commitTransaction();
  await refresh.release();
  expect(await beginning).toMatchObject([{ sub: 'gone' }]);
  await endRemoval(source, 'production', ['gone']);
  const left = await source.query('SELECT id_sha256 FROM oidc_artifact');
  expect(left).toEqual([{ id_sha256: 'other' }]);
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
