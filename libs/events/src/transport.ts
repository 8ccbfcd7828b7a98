import type { CustomTransportStrategy } from '@nestjs/microservices';
import { z } from 'zod';
import type { EventConsumer, EventPublisher } from './publisher.js';
import { PostgresEventClient } from './postgres/client.js';
import { PostgresEventLog } from './postgres/log.js';
import { PostgresEventServer } from './postgres/server.js';

/** Environment variables that choose and configure the event transport. */
export const transportVariables = {
  EVENT_TRANSPORT: z.enum(['postgres']).default('postgres'),
  EVENTS_DATABASE_URL: z.string().default('postgres://postgres:postgres@localhost:54329/events'),
};
export interface TransportConfig {
  EVENT_TRANSPORT: 'postgres';
  EVENTS_DATABASE_URL: string;
}

/** The sending side of the configured transport. */
export async function createPublisher(config: TransportConfig): Promise<EventPublisher> {
  const log = new PostgresEventLog(config.EVENTS_DATABASE_URL, 2);
  await log.migrate();
  return new PostgresEventClient(log);
}

/** The receiving side of the configured transport, for `app.connectMicroservice({ strategy })`. */
export async function createConsumer(
  config: TransportConfig,
  options: { consumer: string; mode: 'group' | 'replica'; canApply?: () => Promise<boolean> },
): Promise<CustomTransportStrategy & EventConsumer> {
  const log = new PostgresEventLog(config.EVENTS_DATABASE_URL, 3);
  await log.migrate();
  return new PostgresEventServer({ log, ...options });
}
