import type { Pool } from 'pg';
import { Gauge } from 'prom-client';

const pools = new Map<string, Pool>();

function poolGauge(name: string, help: string, of: (pool: Pool) => number): void {
  new Gauge({
    name,
    help,
    labelNames: ['pool'],
    collect() {
      this.reset();
      for (const [pool, watched] of pools) this.set({ pool }, of(watched));
    },
  });
}

poolGauge('database_pool_connections', 'Open connections, busy or idle', (pool) => pool.totalCount);
poolGauge('database_pool_idle_connections', 'Open connections that nobody uses', (pool) => pool.idleCount);
poolGauge('database_pool_waiting_requests', 'Who waits for a connection', (pool) => pool.waitingCount);

/** Reports a pool at `/metrics`. Another pool of the same name replaces it. */
export function watchPool(name: string, pool: Pool): void {
  pools.set(name, pool);
}
