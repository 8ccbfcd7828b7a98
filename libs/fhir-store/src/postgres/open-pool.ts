import { Pool, type PoolConfig } from 'pg';

/**
 * A pool whose broken connections never end the process. pg emits `error` on a connection that the server
 * ends, and pg-pool listens only while the connection is idle. A borrowed connection without a listener would
 * end the process. The borrower still learns of the break: its running or next query is rejected.
 */
export function openPool(config: PoolConfig): Pool {
  const pool = new Pool(config);
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
