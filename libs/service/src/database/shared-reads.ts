import { context, type Context } from '@opentelemetry/api';
import type { Pool, PoolClient, QueryResult } from 'pg';

/** A prepared statement that only reads. */
export interface ReadStatement {
  name: string;
  text: string;
  values: unknown[];
}

interface Waiting {
  statement: ReadStatement;
  /** The request that asks, for its spans. */
  asker: Context;
  resolve(rows: unknown[]): void;
  reject(error: unknown): void;
}

/** Transactions at a time. A second one keeps short reads from waiting for a longer one. */
const lanes = 2;
/** The most statements of one transaction. */
const largestBatch = 50;

/**
 * Lets reads of many requests share a transaction and a connection: the reads that arrive while others run
 * leave together. Each statement sees what was committed when it begins (READ COMMITTED), so no answer is
 * older than its question. A lone read is sent without a transaction.
 */
export class SharedReads {
  private waiting: Waiting[] = [];
  private running = 0;

  constructor(private readonly pool: Pool) {}

  ask<Row>(statement: ReadStatement): Promise<Row[]> {
    return new Promise((resolve, reject) => {
      this.waiting.push({
        statement,
        asker: context.active(),
        resolve: resolve as Waiting['resolve'],
        reject,
      });
      if (this.running >= lanes) return;
      this.running += 1;
      // The other reads of this turn of the event loop join.
      setImmediate(() => void this.run());
    });
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      const asked = this.waiting.splice(0, largestBatch);
      if (asked.length === 1) await this.alone(asked[0]!);
      else await this.together(asked);
    }
    this.running -= 1;
  }

  /** Never rejects. */
  private alone({ statement, asker, resolve, reject }: Waiting): Promise<void> {
    return context.with(asker, () => this.pool.query(statement)).then(({ rows }) => resolve(rows), reject);
  }

  /** Never rejects. */
  private async together(asked: readonly Waiting[]): Promise<void> {
    let client: PoolClient;
    try {
      client = await this.pool.connect();
    } catch (error) {
      for (const { reject } of asked) reject(error);
      return;
    }
    const [begun, ...answered] = await inOnePacket(client, () => [
      client.query('BEGIN READ ONLY'),
      ...asked.map((one) => context.with(one.asker, () => client.query(one.statement))),
      client.query('COMMIT'),
    ]);
    client.release(begun!.status === 'rejected' || answered.at(-1)!.status === 'rejected');
    // One statement that fails ends the transaction of all: the others are asked again.
    const again: Promise<void>[] = [];
    for (const [place, one] of asked.entries()) {
      const answer = answered[place]!;
      if (answer.status === 'fulfilled') one.resolve(answer.value.rows);
      else if (isAborted(answer.reason)) again.push(this.alone(one));
      else one.reject(answer.reason);
    }
    await Promise.all(again);
  }
}

/** The members of a connection that `pg` has no public names for. */
interface Pipelined {
  /** Sends a query without waiting for the answer to the previous query. */
  pipeline: boolean;
  connection: { stream: { cork(): void; uncork(): void } };
}

async function inOnePacket(client: PoolClient, send: () => Promise<QueryResult>[]) {
  const pipelined = client as unknown as Pipelined;
  const { stream } = pipelined.connection;
  pipelined.pipeline = true;
  stream.cork();
  const sent = send();
  stream.uncork();
  const answers = await Promise.allSettled(sent);
  pipelined.pipeline = false;
  return answers;
}

/**
 * Whether a statement failed because another one of the transaction had (in_failed_sql_transaction). The
 * second use of a name whose preparation was refused so gets invalid_sql_statement_name.
 */
const isAborted = (error: unknown) => ['25P02', '26000'].includes(String((error as { code?: unknown }).code));
