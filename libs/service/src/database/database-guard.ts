import {
  DatabaseNotRecovered,
  ensureRecovered,
  inspect,
  JournalReader,
  reasonOf,
  RestoreNeedsDecision,
  type Queries,
  type RecoveryOptions,
} from '@payer/events';
import type { ClientBase } from 'pg';

/** The hook of `pg-pool` that checks each new connection before its first use. */
export type VerifyConnection = (client: ClientBase, done: (error?: Error) => void) => void;

/** Milliseconds: how long a start waits for its database, and the pause between two attempts. */
const patience = 20_000;
const pause = 500;

/**
 * Recovers the service's database before the service starts (decision 26). Waits for a database that is still
 * starting.
 * @throws RestoreNeedsDecision when an operator must decide; the database's error when it stays unavailable
 */
export async function recoverAtStart(options: RecoveryOptions): Promise<void> {
  for (const deadline = Date.now() + patience; ;) {
    try {
      await ensureRecovered({ ...options, isStart: true });
      return;
    } catch (error) {
      if (error instanceof RestoreNeedsDecision || Date.now() > deadline) throw error;
      options.logger.warn(`the database is not there yet: ${reasonOf(error)}`);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/**
 * Refuses connections to a database that was restored, promoted or copied, until it has recovered. A database
 * can be replaced only after all its connections have ended, so every later request passes this check. The
 * first connection to a recovered database is refused, too, because its request may rest on knowledge from
 * before.
 */
export function verifyDatabase(options: RecoveryOptions): VerifyConnection {
  const reader = options.journal ? new JournalReader(options.journal, options.owner.service) : undefined;
  let recovering: Promise<unknown> | undefined;
  let known: string | undefined;
  const judge = async (client: Queries) => {
    const { reason, identity } = await inspect(client, reader);
    const { id } = identity.stored;
    if (reason) {
      recovering ??= ensureRecovered(options)
        .catch((error: unknown) => options.logger.error(reasonOf(error)))
        .finally(() => (recovering = undefined));
      throw new DatabaseNotRecovered(`the database ${reason}; it serves nothing before it has recovered`);
    }
    known ??= id;
    if (id === known) return;
    known = id;
    options.onRestored?.();
    throw new DatabaseNotRecovered('the database was restored and has recovered; ask again');
  };
  return (client, done) => {
    // The pool listens for errors of idle connections, and a connection's user listens during use. Between
    // the two there is no other listener.
    client.on('error', () => undefined);
    judge(client).then(
      () => done(),
      (error: unknown) => {
        if (error instanceof DatabaseNotRecovered) return done(error);
        // A database without the tables of a check, for example an empty one, serves nothing either.
        options.logger.error(`a connection to the database could not be checked: ${reasonOf(error)}`);
        done(new DatabaseNotRecovered(reasonOf(error), { cause: error }));
      },
    );
  };
}
