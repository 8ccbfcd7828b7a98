import { Logger } from '@nestjs/common';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { z } from 'zod';
import { watchPool } from './database/pools.js';
import type { DeadLetters } from './delivery/dead-letters.js';
import { kafkaVariables, type KafkaSettings } from './kafka/settings.js';
import { PostgresEventClient } from './postgres/client.js';
import { PostgresDeadLetters } from './postgres/dead-letters.js';
import { PostgresEventLog } from './postgres/log.js';
import { PostgresEventServer } from './postgres/server.js';
import type { EventConsumer, EventPublisher, Recent } from './publisher.js';
import { reasonOf } from './reason.js';
import type { AppliedPositions } from './delivery/applied-positions.js';
import type { EventSigner } from './signatures/event-signature.js';
import type { ServicePublicKeys } from './signatures/service-keys.js';

/** Environment variables that choose and configure the event transport. */
export const transportVariables = {
  EVENT_TRANSPORT: z.enum(['postgres', 'kafka']).default('postgres'),
  EVENTS_DATABASE_URL: z.string().default('postgres://postgres:postgres@localhost:54329/events'),
  ...kafkaVariables,
};

/** The configured transport; absent Kafka settings have their defaults. */
export interface TransportConfig extends Partial<KafkaSettings> {
  EVENT_TRANSPORT: 'postgres' | 'kafka';
  EVENTS_DATABASE_URL: string;
}

export type ConsumerOptions = {
  /** Name of the service. */
  consumer: string;
  /** Public keys of the services that may sign events. */
  publicKeys: ServicePublicKeys;
} & (GroupOptions | ReplicaOptions);

/** The service applies an event once, to its database. */
interface GroupOptions {
  mode: 'group';
  /** Whether the service's database accepts writes now. While it does not, events wait. */
  canApply(): Promise<boolean>;
  /** Positions of the events that the service's database holds. */
  applied?: AppliedPositions;
}

/** Each process of the service applies every event, to its memory. */
interface ReplicaOptions {
  mode: 'replica';
  /** Events that the replica may skip; it reads all events when absent. */
  recent?: Recent;
}

/** The sending side of the configured transport. */
export async function createPublisher(config: TransportConfig, sign: EventSigner): Promise<EventPublisher> {
  if (config.EVENT_TRANSPORT === 'postgres')
    return new PostgresEventClient(await openLog(config, 2, 'events written'), sign);
  const { KafkaEventClient } = await loadKafka();
  return new KafkaEventClient(...(await connection(config, 'publisher')), sign);
}

/** The receiving side of the configured transport, for `app.connectMicroservice({ strategy })`. */
export async function createConsumer(
  config: TransportConfig,
  options: ConsumerOptions,
): Promise<CustomTransportStrategy & EventConsumer> {
  if (config.EVENT_TRANSPORT === 'postgres')
    return new PostgresEventServer({ log: await openLog(config, 3, 'events read', false), ...options });
  const { KafkaDeadLetters, KafkaEventServer } = await loadKafka();
  const [kafka, settings] = await connection(config, options.consumer);
  const deadLetters = new KafkaDeadLetters(kafka, settings);
  return new KafkaEventServer({
    kafka,
    settings,
    keepDeadLetter: (letter) => deadLetters.keep(letter),
    onClose: () => deadLetters.close(),
    ...options,
  });
}

/** The dead letters of all consumers of the configured transport. */
export async function openDeadLetters(config: TransportConfig): Promise<DeadLetters> {
  if (config.EVENT_TRANSPORT === 'postgres')
    return new PostgresDeadLetters(await openLog(config, 1, 'dead letters'));
  const { KafkaDeadLetters } = await loadKafka();
  return new KafkaDeadLetters(...(await connection(config, 'dead-letters')));
}

async function openLog(
  config: TransportConfig,
  poolSize: number,
  pool: string,
  durable = true,
): Promise<PostgresEventLog> {
  const log = new PostgresEventLog(config.EVENTS_DATABASE_URL, poolSize, durable);
  watchPool(pool, log.pool);
  // An unavailable log must not prevent the start of a service: sign-in, "Disconnect" and the suspend button
  // work without it.
  await log.migrate().catch((error: unknown) => {
    new Logger('events').warn(`the event log cannot be prepared now: ${reasonOf(error)}`);
  });
  return log;
}

/** Loads the Kafka client only when it is used: it is a tenth of a service's modules. */
const loadKafka = () => import('./kafka/transport.js');

async function connection(config: TransportConfig, clientId: string) {
  const { kafkaClient } = await loadKafka();
  const settings = z.object(kafkaVariables).parse(config);
  return [kafkaClient(settings, clientId, new Logger('events')), settings] as const;
}
