import type { Socket } from 'node:net';
import { Client } from 'pg';
import { limits, watchedConnection } from '../database/watched-connection.js';

/**
 * A PostgreSQL session beside the pools, for LISTEN and for locks of a session. A server that is cut off
 * answers nothing and refuses nothing, so each wait has a limit.
 */
export function openSession(connectionString: string, applicationName: string): Client {
  return new Client({
    connectionString,
    application_name: applicationName,
    ...watchedConnection(),
  });
}

/** Ends a session. A server that does not confirm the end within two seconds loses its connection. */
export async function endSession(client: Client): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
      resolve();
    }, limits.end);
  });
  const ended = client.end().catch(() => undefined);
  await Promise.race([ended, tooLate]).finally(() => clearTimeout(timer));
}
