import { Client } from 'pg';
import {
  createPublisher,
  openDeadLetters,
  serviceSigner,
  signingKeyOf,
  type TransportConfig,
} from '@payer/events';
import { recordings } from '@payer/events/recordings';
import type { RunningSystem } from '@payer/local';
import { serviceNames, type CloudEvent, type EventType } from '@payer/smart';
import { eventually } from '@payer/testing';

/**
 * Publishes events recorded from earlier versions to a running system, and waits until every service has
 * applied its events.
 * @returns the events that a service put aside
 */
export async function applyRecordedEvents(system: RunningSystem): Promise<unknown[]> {
  const config: TransportConfig = {
    EVENT_TRANSPORT: process.env.EVENT_TRANSPORT === 'kafka' ? 'kafka' : 'postgres',
    EVENTS_DATABASE_URL: system.databaseUrl('events'),
    ...(process.env.KAFKA_BROKERS ? { KAFKA_BROKERS: process.env.KAFKA_BROKERS } : {}),
  };
  const recorded = recordings();
  // The recordings are older than signatures, so each event is signed now with the key of its source.
  const publisher = await createPublisher(config, (event) => {
    const service = serviceNames.find((name) => event.source === `/${name}`)!;
    return serviceSigner(signingKeyOf(service, system.keys[service]))(event);
  });
  await publisher.publishEvents(recorded);
  await publisher.close();

  const of = <T extends EventType>(...types: T[]) =>
    recorded.filter((event): event is CloudEvent<T> => types.includes(event.type as T));
  const apps = of('app-registered', 'app-updated', 'app-approved', 'app-suspended');
  const newest = new Map<string, number>();
  for (const { data } of apps)
    newest.set(data.client_id, Math.max(data.version, newest.get(data.client_id) ?? 0));
  const expected: [database: string, query: string, values: string[]][] = [
    ...['auth_server', 'consent'].map((database): [string, string, string[]] => [
      database,
      "SELECT client_id || ' ' || version AS value FROM app_model",
      [...newest].map(([clientId, version]) => `${clientId} ${version}`),
    ]),
    [
      'auth_server',
      'SELECT grant_id AS value FROM ended_grant',
      of('grant-revoked').map(({ data }) => data.grant_id),
    ],
    [
      'consent',
      'SELECT id AS value FROM grant_use',
      of('access-recorded').flatMap(({ data }) => (data.grant_id ? [data.id] : [])),
    ],
    [
      'registration',
      'SELECT id AS value FROM access_total',
      of('access-recorded').map(({ data }) => data.id),
    ],
  ];
  for (const [database, query, values] of expected) {
    const client = new Client({ connectionString: system.databaseUrl(database) });
    await client.connect();
    try {
      await eventually(
        async () => {
          const { rows } = await client.query<{ value: string }>(query);
          const there = new Set(rows.map(({ value }) => value));
          return values.every((value) => there.has(value));
        },
        { timeout: 20_000 },
      );
    } finally {
      await client.end();
    }
  }
  const deadLetters = await openDeadLetters(config);
  try {
    return (await deadLetters.list()).filter(({ event }) =>
      recorded.some(({ id }) => id === (event as { id?: string } | null)?.id),
    );
  } finally {
    await deadLetters.close();
  }
}
