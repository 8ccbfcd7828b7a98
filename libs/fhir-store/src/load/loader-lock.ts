import type { PoolClient } from 'pg';

/*
 * The loaders of one database. Loaders that only bring new public resources share the lock. A batch with
 * members' resources, or with changes of stored ones, holds the lock alone: a row that was looked up is still
 * the same when it is written.
 */

/** Any number, as the key of the loaders' advisory lock. */
export const loaderLock = 7_403_117;

/**
 * Everything is looked up by key. While tables grow and have no statistics yet, the planner would read them
 * whole for each batch.
 */
const byKey = [
  'enable_seqscan = off',
  'enable_hashjoin = off',
  'enable_mergejoin = off',
  'max_parallel_workers_per_gather = 0',
  'plan_cache_mode = force_generic_plan',
  // Compiling a plan takes longer than running it.
  'jit = off',
  // The load waits for the disk once, at its end: see durable().
  'synchronous_commit = off',
]
  .map((setting) => `SET LOCAL ${setting}; `)
  .join('');

/** A batch that is stored together with others, and must be stored alone. */
export class NeedsTurn extends Error {}

/** Runs work in one transaction: a search sees all of it or nothing, and a crash leaves nothing half done. */
async function locked<Result>(
  client: PoolClient,
  lock: string,
  work: () => Promise<Result>,
): Promise<Result> {
  await client.query(`BEGIN; ${byKey}SELECT ${lock}(${loaderLock})`);
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** Runs work in one transaction while no other loader stores anything, so no deadlock is possible. */
export const inTurn = <Result>(client: PoolClient, work: () => Promise<Result>): Promise<Result> =>
  locked(client, 'pg_advisory_xact_lock', work);

/** Two loaders brought the same resource (unique_violation), or waited for each other (deadlock_detected). */
const conflicts = new Set(['23505', '40P01']);

const isConflict = (error: unknown): boolean => conflicts.has((error as { code?: string }).code ?? '');

/** After a batch that had to be stored alone, the next batches are likely to need it, too: their number. */
const aloneInARow = 8;

/** Decides for each batch of one loader whether it is stored together with those of others. */
export class Turns {
  private aloneNext = 0;

  /**
   * Runs work in one transaction: at first together with other loaders, and again alone when that is needed.
   * @param work throws NeedsTurn when it is not alone and must be
   */
  async take<Result>(client: PoolClient, work: (isAlone: boolean) => Promise<Result>): Promise<Result> {
    if (this.aloneNext > 0) this.aloneNext -= 1;
    else
      try {
        return await locked(client, 'pg_advisory_xact_lock_shared', () => work(false));
      } catch (error) {
        if (!(error instanceof NeedsTurn) && !isConflict(error)) throw error;
        this.aloneNext = aloneInARow;
      }
    return inTurn(client, () => work(true));
  }
}
