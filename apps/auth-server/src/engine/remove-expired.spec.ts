import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { DataSource } from 'typeorm';
import { migrated } from '../testing/migrated.js';
import { removeExpired } from './remove-expired.js';

let postgres: TestPostgres;
let source: DataSource;
beforeAll(async () => {
  postgres = await startTestPostgres();
  const url = await postgres.database('auth_server', migrated);
  source = await new DataSource({ type: 'postgres', url }).initialize();
}, 60_000);
afterAll(async () => {
  await source?.destroy();
  await postgres?.stop();
});

const store = (model: string, count: number, age: string) =>
  source.query(
    `INSERT INTO oidc_artifact (environment, model, id_sha256, payload, expires_at)
     SELECT 'sandbox', $1, n::text, '{}', now() - $2::interval FROM generate_series(1, $3::int) AS n`,
    [model, age, count],
  );

const left = async () =>
  (
    await source.query<{ model: string; rows: number }[]>(
      'SELECT model, count(*)::int AS rows FROM oidc_artifact GROUP BY model ORDER BY model',
    )
  ).map(({ model, rows }) => `${model} ${rows}`);

it('removes all expired rows, and waits for no row that another transaction holds', async () => {
  await store('AuthorizationCode', 2500, '2 minutes');
  await store('Session', 10, '10 seconds');
  await store('RefreshToken', 10, '-1 hour');
  const other = source.createQueryRunner();
  await other.startTransaction();
  try {
    await other.query(
      "SELECT 1 FROM oidc_artifact WHERE model = 'AuthorizationCode' AND id_sha256 = '7' FOR UPDATE",
    );
    await removeExpired(source);
    expect(await left()).toEqual(['AuthorizationCode 1', 'RefreshToken 10', 'Session 10']);
  } finally {
    await other.rollbackTransaction();
    await other.release();
  }
  await removeExpired(source);
  expect(await left()).toEqual(['RefreshToken 10', 'Session 10']);
});
