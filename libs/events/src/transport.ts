import { Logger } from '@nestjs/common';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { z } from 'zod';
import { watchPool } from './database-pools.js';
import type { DeadLetters } from './delivery/dead-letters.js';
import { kafkaVariables, type KafkaSettings } from './kafka/settings.js';
import { PostgresEventClient } from './postgres/client.js';
import { PostgresDeadLetters } from './postgres/dead-letters.js';
import { PostgresEventLog } from './postgres/log.js';
import { PostgresEventServer } from './postgres/server.js';
import type { EventConsumer, EventPublisher, Recent } from './publisher.js';
import { reasonOf } from './reason.js';
import type { AppliedPositions } from './recovery/applied-positions.js';
import type { EventSigner } from './signatures/event-signature.js';
import type { ServicePublicKeys } from './signatures/service-keys.js';

/** Environment variables that choose and configure the event transport. */
export const transportVariables = {
  EVENT_TRANSPORT: z.enum(['postgres', 'kafka']).default('postgres'),
  EVENTS_DATABASE_URL: z.string().default('postgres://postgres:postgres@localhost:54329/events'),
  ...kafkaVariables,
};

/** The chosen transport; what is left out of Kafka's settings has its default. */
export interface TransportConfig extends Partial<KafkaSettings> {
  EVENT_TRANSPORT: 'postgres' | 'kafka';
  EVENTS_DATABASE_URL: string;
}

export type ConsumerOptions = {
  /** Name of the service. */
  consumer: string;
  /** Whose signatures count. */
  publicKeys: ServicePublicKeys;
} & (GroupOptions | ReplicaOptions);

/** An event is applied once per service, to its database. */
interface GroupOptions {
  mode: 'group';
  /** Whether that database takes writes now: while it does not, events wait. */
  canApply(): Promise<boolean>;
  /** What that database knows of the events applied to it. */
  applied?: AppliedPositions;
}

/** An event is applied by each process of the service, to its memory. */
interface ReplicaOptions {
  mode: 'replica';
  /** What it need not read; all is read when absent. */
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

/** What the consumers of the configured transport have put aside. */
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
  // A log that is away must not keep a service from starting: sign-in, "Disconnect" and the suspend button do without.
  await log.migrate().catch((error: unknown) => {
    new Logger('events').warn(`the event log cannot be prepared now: ${reasonOf(error)}`);
  });
  return log;
}

/** Kafka's client is loaded only where it is used: it takes a tenth of a service's modules. */
const loadKafka = () => import('./kafka/transport.js');

async function connection(config: TransportConfig, clientId: string) {
  const { kafkaClient } = await loadKafka();
  const settings = z.object(kafkaVariables).parse(config);
  return [kafkaClient(settings, clientId, new Logger('events')), settings] as const;
}
