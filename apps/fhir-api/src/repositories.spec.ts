import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { eventually, ReplicatedPostgres } from '@payer/testing';
import { Client } from 'pg';
import { readConfig } from './config.js';
import { revokedToken, publish } from './gateway/testing/events.js';
import { loadMembers } from './gateway/testing/members.js';
import { FhirApiSystem } from './gateway/testing/system.js';

/*
 * The service with a primary and a replica of PostgreSQL, and with the URL of a second replica that does not
 * exist.
 */

const postgres = new ReplicatedPostgres();
const system = new FhirApiSystem();
const nowhere = 'localhost:1';
let replica: Client;

const urlOf = (server: { url(database: string): string }) => server.url('fhir_sandbox');

interface ReplicaHealth {
  isUsed: boolean;
  lagSeconds: number | null;
}

async function healthOfReplicas(): Promise<Record<string, ReplicaHealth>> {
  const answer = await fetch(`${system.service.url}/health/ready`);
  expect(answer.status).toBe(200);
  const { details } = (await answer.json()) as { details: Record<string, never> };
  return details['sandbox read replicas']!;
}

const healthOfReplica = async () => (await healthOfReplicas())[new URL(urlOf(postgres.replica)).host]!;

beforeAll(async () => {
  await postgres.start(['fhir_sandbox']);
  await system.start({
    ENVIRONMENTS: 'sandbox',
    SANDBOX_DATABASE_URL: urlOf(postgres.primary),
    SANDBOX_READ_DATABASE_URLS: `${urlOf(postgres.replica)},postgres://none:none@${nowhere}/none`,
    READ_REPLICA_MAX_LAG_MS: '3000',
  });
  await loadMembers(system.config);
  replica = new Client(urlOf(postgres.replica));
  replica.on('error', () => undefined);
  await replica.connect();
});
afterAll(async () => {
  await replica?.end();
  await system.stop();
  await postgres.stop();
});
beforeEach(() => eventually(async () => (await healthOfReplica()).isUsed));

const read = (token: string) => system.request('/Patient/one', { token });

it('the replica answers, and health and metrics report how far each replica lags', async () => {
  const token = await system.issuer.patientToken('one');
  await eventually(async () => (await read(token)).status === 200);
  await eventually(async () => Number((await healthOfReplica()).lagSeconds ?? Infinity) < 3);
  expect((await healthOfReplicas())[nowhere]).toMatchObject({ isUsed: false, lagSeconds: null });
  const metrics = await (await fetch(`${system.service.url}/metrics`)).text();
  expect(metrics).toMatch(/fhir_read_replica_used\{[^}]*replica="localhost:1"[^}]*\} 0/);
  expect(metrics).toMatch(/fhir_read_replica_lag_seconds\{[^}]*\} \d/);
  const { rows } = await replica.query(
    "SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name LIKE 'fhir-api%'",
  );
  expect(rows[0].count).toBeGreaterThan(0);
});

it('a revoked token is refused, however far the replica lags', async () => {
  const token = await system.issuer.patientToken('one', { claims: { jti: 'lagging' } });
  expect((await read(token)).status).toBe(200);
  await replica.query('SELECT pg_wal_replay_pause()');
  await publish(system.publisher, 'token-revoked', revokedToken('lagging'));
  await eventually(async () => (await read(token)).status === 401);
  await replica.query('SELECT pg_wal_replay_resume()');
});

it('the primary answers when the replica is unavailable', async () => {
  const token = await system.issuer.patientToken('one');
  await postgres.stopReplica();
  for (let n = 0; n < 20; n++) expect((await read(token)).status).toBe(200);
  expect((await system.request('/Observation?code=29463-7', { token })).status).toBe(200);
  await postgres.startReplica();
});

it('an address that is none of PostgreSQL stops the start, and names its variable', () => {
  expect(() => readConfig({ SANDBOX_READ_DATABASE_URLS: 'https://db.example' })).toThrow(
    /SANDBOX_READ_DATABASE_URLS/,
  );
});
