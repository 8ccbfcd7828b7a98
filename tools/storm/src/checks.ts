import { Client } from 'pg';
import { openDeadLetters, type TransportConfig } from '@payer/events';
import type { RunningSystem } from '@payer/local';
import kafkajs from 'kafkajs';

/** Runs one query on a database of the system. */
export async function rows<Row>(url: string, sql: string, parameters: unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql, parameters)).rows as Row[];
  } finally {
    await client.end();
  }
}

/**
 * For each grant, the time at which consent revoked it (milliseconds since the epoch, on this machine's
 * clock), or null.
 */
export async function grantsAtConsent(
  system: RunningSystem,
): Promise<Map<string, { endedAt: number | null }>> {
  const found = await rows<{ grant_id: string; revoked_at: Date | null }>(
    system.databaseUrl('consent'),
    'SELECT grant_id, revoked_at FROM app_grant',
  );
  return new Map(found.map((row) => [row.grant_id, { endedAt: row.revoked_at?.getTime() ?? null }]));
}

/**
 * Revocations of grants and states of apps that a service published and another service lacks or has wrong.
 */
export async function lostEvents(system: RunningSystem): Promise<string[]> {
  const grants = await grantsAtConsent(system);
  const ended = new Set(
    (
      await rows<{ grant_id: string }>(
        system.databaseUrl('auth_server'),
        "SELECT grant_id FROM ended_grant WHERE environment = 'sandbox'",
      )
    ).map((row) => row.grant_id),
  );
  const lost: string[] = [];
  for (const [grantId, { endedAt }] of grants) {
    if (endedAt !== null && !ended.has(grantId)) lost.push(`the end of ${grantId} never reached auth-server`);
    if (endedAt === null && ended.has(grantId)) lost.push(`auth-server ended ${grantId}, consent did not`);
  }
  return [...lost, ...(await appsOutOfStep(system))];
}

async function appsOutOfStep(system: RunningSystem): Promise<string[]> {
  const lost: string[] = [];
  const versions = async (database: string, table: string) =>
    new Map(
      (
        await rows<{ client_id: string; version: number }>(
          system.databaseUrl(database),
          `SELECT client_id, version FROM ${table}`,
        )
      ).map((app) => [app.client_id, Number(app.version)]),
    );
  const owned = await versions('registration', 'app');
  for (const database of ['auth_server', 'consent']) {
    const consumed = await versions(database, 'app_model');
    for (const [clientId, version] of owned)
      if (consumed.get(clientId) !== version)
        lost.push(`${database} knows version ${consumed.get(clientId)} of app ${clientId}, not ${version}`);
  }
  return lost;
}

/** Number of events still in the outboxes. */
export async function waitingEvents(system: RunningSystem): Promise<number> {
  let waiting = 0;
  for (const name of ['auth_server', 'registration', 'consent', 'fhir_sandbox', 'fhir_production'])
    waiting += Number(
      (
        await rows<{ n: string }>(
          system.databaseUrl(name),
          "SELECT count(*) AS n FROM outbox WHERE event->>'type' NOT IN ('heartbeat', 'access-recorded')",
        )
      )[0]!.n,
    );
  return waiting;
}

export async function deadLetterCount(config: TransportConfig): Promise<number> {
  const deadLetters = await openDeadLetters(config);
  try {
    return (await deadLetters.list()).length;
  } finally {
    await deadLetters.close();
  }
}

/** The tables written by events, with their keys, by service. */
const models = {
  'auth-server': { database: 'auth_server', tables: { ended_grant: 'grant_id', app_model: 'client_id' } },
  consent: { database: 'consent', tables: { app_grant: 'grant_id', app_model: 'client_id' } },
} as const;

/** The rows of a model, as JSON by table and key. */
type Fingerprint = Map<string, Record<string, unknown>>;

async function fingerprint(system: RunningSystem): Promise<Fingerprint> {
  const prints: Fingerprint = new Map();
  for (const { database, tables } of Object.values(models))
    for (const [table, key] of Object.entries(tables)) {
      const found = await rows<{ key: string; row: Record<string, unknown> }>(
        system.databaseUrl(database),
        `SELECT ${key} AS key, to_jsonb(t) AS row FROM ${table} t`,
      );
      for (const { key, row } of found) prints.set(`${database}.${table} ${key}`, row);
    }
  return prints;
}

/**
 * The rows that differ, with the names of their changed columns. A grant whose code was not redeemed ends by
 * time, without an event, so its rows may change meanwhile.
 */
function differences(before: Fingerprint, after: Fingerprint): string[] {
  const endsByTime = (name: string) =>
    before.get(`consent.app_grant ${name.split(' ')[1]}`)?.status === 'pending';
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const [old, now] = [before.get(name) ?? {}, after.get(name) ?? {}];
    const columns = Object.keys({ ...old, ...now }).filter(
      (column) => JSON.stringify(old[column]) !== JSON.stringify(now[column]),
    );
    return columns.length === 0 || endsByTime(name) ? [] : [`${name}: ${columns.join(', ')}`];
  });
}

/**
 * Stops the consumers of a model, sets their groups back to the beginning of the log, and lets them apply
 * everything again.
 * @returns the changed rows of their models, of which there should be none
 */
export async function duplicatesApplied(system: RunningSystem, config: TransportConfig): Promise<string[]> {
  const names = Object.keys(models) as (keyof typeof models)[];
  const before = await fingerprint(system);
  await Promise.all(names.flatMap((name) => [0, 1].map((replica) => system.end(name, replica))));
  for (const name of names) await toBeginning(config, name);
  for (const name of names) for (const replica of [0, 1]) system.start(name, replica);
  await Promise.all(names.flatMap((name) => [0, 1].map((replica) => system.ready(name, 120_000, replica))));
  return differences(before, await fingerprint(system));
}

async function toBeginning(config: TransportConfig, group: string): Promise<void> {
  if (config.EVENT_TRANSPORT === 'postgres') {
    await rows(
      config.EVENTS_DATABASE_URL,
      `UPDATE consumer_group SET position = 0, positions = '{}' WHERE name = $1`,
      [group],
    );
    return;
  }
  const kafka = new kafkajs.Kafka({ brokers: config.KAFKA_BROKERS!.split(','), logLevel: 1 });
  const admin = kafka.admin();
  await admin.connect();
  try {
    // A killed member counts as active until its session expires.
    for (const until = Date.now() + 60_000; Date.now() < until;) {
      const { groups } = await admin.describeGroups([group]);
      if (groups[0]?.members.length === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    for (const { topic } of await admin.fetchOffsets({ groupId: group }))
      await admin.resetOffsets({ groupId: group, topic, earliest: true });
  } finally {
    await admin.disconnect();
  }
}
