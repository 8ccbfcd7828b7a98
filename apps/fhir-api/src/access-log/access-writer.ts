import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import type { Pool } from 'pg';
import { from } from 'pg-copy-streams';
import type { Logger } from 'pino';
import type { Environment } from '@payer/smart';
import { environmentsOf } from '../environments.js';
import { copyNullable, copyText } from './copy-text.js';
import type { Access, AccessLog } from './access-log.js';
import { addPartition, addPartitionsAhead, monthOf } from './access-partitions.js';
import { dropExpiredPartitions } from './access-retention.js';

/**
 * Rows that are built and sent at a time. The number is small, so that requests do not wait for the batch.
 */
const batchSize = 1000;
const maintenanceInterval = 3_600_000;

export interface AccessWriterOptions {
  log: AccessLog;
  pools: Record<Environment, Pool>;
  /** Milliseconds between two writes. A crash loses at most the accesses of this time. */
  interval: number;
  logger: Logger;
}

/**
 * Writes the accesses of this replica to the environments' databases by COPY, and maintains the partitions.
 */
export class AccessWriter {
  private readonly timers: NodeJS.Timeout[] = [];
  /** Environment and month of the partitions that exist. */
  private readonly partitions = new Set<string>();
  private writing: Promise<void> = Promise.resolve();
  private isQueued = false;

  constructor(private readonly options: AccessWriterOptions) {}

  start(): void {
    this.every(this.options.interval, () => this.flush());
    this.every(maintenanceInterval, () => this.maintain());
    void this.maintain();
  }

  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await this.flush();
  }

  /** Writes one batch at a time. Never rejects: records that could not be written return to the log. */
  flush(): Promise<void> {
    if (!this.isQueued) {
      this.isQueued = true;
      this.writing = this.writing.then(() => {
        this.isQueued = false;
        return this.write();
      });
    }
    return this.writing;
  }

  private every(interval: number, work: () => Promise<void>): void {
    const timer = setInterval(() => void work(), interval);
    timer.unref();
    this.timers.push(timer);
  }

  private async write(): Promise<void> {
    const { log, pools, logger } = this.options;
    const taken = log.take();
    for (const environment of environmentsOf(pools)) {
      const accesses = taken.filter(({ token }) => token.environment === environment);
      let start = 0;
      try {
        for (; start < accesses.length; start += batchSize)
          await this.writeBatch(environment, pools[environment], accesses.slice(start, start + batchSize));
      } catch (error) {
        log.putBack(accesses.slice(start));
        // The partition may be missing: it was dropped, or the database is another one.
        this.partitions.clear();
        logger.warn(
          { environment, waiting: accesses.length - start, reason: (error as Error).message },
          'records of data access could not be written; they wait',
        );
      }
    }
  }

  private async writeBatch(environment: Environment, pool: Pool, batch: readonly Access[]): Promise<void> {
    for (const month of monthsOf(batch)) {
      const name = `${environment} ${month}`;
      if (this.partitions.has(name)) continue;
      await addPartition(pool, month);
      this.partitions.add(name);
    }
    const client = await pool.connect();
    let failed = true;
    try {
      await pipeline(
        Readable.from([rowsOf(batch)], { objectMode: false }),
        client.query(
          from(
            'COPY access_record (at, client_id, grant_id, sub, patient, interaction, resource_type, status, resources, request_id) FROM STDIN',
          ),
        ),
      );
      failed = false;
    } finally {
      client.release(failed);
    }
  }

  private async maintain(): Promise<void> {
    const { pools, logger } = this.options;
    for (const environment of environmentsOf(pools))
      try {
        await addPartitionsAhead(pools[environment]);
        const dropped = await dropExpiredPartitions(pools[environment]);
        if (dropped.length > 0)
          logger.info({ environment, dropped }, 'expired records of data access are dropped');
      } catch (error) {
        logger.warn(
          { environment, reason: (error as Error).message },
          'the partitions of data access could not be looked after; the next try is in an hour',
        );
      }
  }
}

/** Months of the accesses. Each day is converted once. */
function monthsOf(batch: readonly Access[]): Set<string> {
  const days = new Set<number>();
  for (const { at } of batch) days.add(Math.floor(at / 86_400_000));
  return new Set([...days].map((day) => monthOf(day * 86_400_000)));
}

/** Rows in the format of COPY. The text of a token and of a millisecond is built once and reused. */
function rowsOf(batch: readonly Access[]): string {
  const whom = new Map<Access['token'], string>();
  let rows = '';
  let [instant, instantText] = [NaN, ''];
  for (const { at, token, interaction, status, resources, requestId } of batch) {
    if (at !== instant) [instant, instantText] = [at, new Date(at).toISOString()];
    let who = whom.get(token);
    if (who === undefined) whom.set(token, (who = whoOf(token)));
    rows += `${instantText}\t${who}\t${interaction.kind}\t${interaction.type}\t${status}\t${resources}\t${copyText(requestId)}\n`;
  }
  return rows;
}

/** App, grant, member and patient. `sub` of a token without a patient is its app, not a member. */
function whoOf({ claims: { client_id, grant_id, sub, patient } }: Access['token']): string {
  return [
    copyText(client_id),
    copyNullable(grant_id === undefined ? null : copyText(grant_id)),
    copyNullable(patient === undefined ? null : copyText(sub)),
    copyNullable(patient === undefined ? null : copyText(patient)),
  ].join('\t');
}
