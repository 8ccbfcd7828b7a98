import type { Pool, PoolClient } from 'pg';

/** Transactions of a pool; a statement outside a transaction is one, too. */
export interface TransactionCount {
  /** Since the last call. */
  take(): number;
}

const begin = /^\s*(BEGIN|START TRANSACTION)/i;
const end = /^\s*(COMMIT|ROLLBACK)\s*;?\s*$/i;

/**
 * Counts the transactions of a pool as its statements are sent. The counts depend on the code alone, not on
 * time, so a test can bound them.
 * @param isCounted asked in the context of each single statement and each end of a transaction; jobs in the
 *   background can so be left out
 */
export function countTransactions(pool: Pool, isCounted: (statement: string) => boolean): TransactionCount {
  let count = 0;
  const open = new WeakSet<PoolClient>();
  const watched = new WeakSet<PoolClient>();
  const watch = (client: PoolClient) => {
    if (watched.has(client)) return;
    watched.add(client);
    const send = client.query.bind(client) as (...parameters: unknown[]) => unknown;
    client.query = ((...parameters: unknown[]) => {
      const [statement] = parameters as [string | { text?: string }];
      const text = typeof statement === 'string' ? statement : (statement.text ?? '');
      if (begin.test(text)) open.add(client);
      else if (end.test(text)) open.delete(client);
      if (!open.has(client) && isCounted(text)) count += 1;
      return send(...parameters);
    }) as typeof client.query;
  };
  pool.on('acquire', watch);
  return {
    take() {
      const taken = count;
      count = 0;
      return taken;
    },
  };
}
