import type { Pool } from 'pg';
import type { Batch, Work } from './batch.js';
import { isCompartmentType } from '../definitions/definitions.js';
import { openPreparation } from './preparation.js';
import { totalBytes, workOf } from './sources.js';
import { durable, refreshSharedIndexes, storeBatch } from './store-batch.js';

export interface LoadReport {
  read: number;
  created: number;
  updated: number;
  unchanged: number;
  deleted: number;
  rejected: number;
  /** Resources created, updated or deleted, by type. */
  byType: Record<string, number>;
  /**
   * Resources in the store that are not served yet: their owner is unknown until the resources they reference
   * are loaded.
   */
  waiting: number;
}

export interface Progress extends LoadReport {
  /** Bytes of the files that are stored. */
  bytes: number;
  /** Bytes of all files; undefined when that cannot be known. */
  totalBytes: number | undefined;
}

export interface LoadOptions {
  pool: Pool;
  /** FHIR base URL of the environment: its absolute references become local. */
  baseUrl: string;
  files: readonly string[];
  /** Threads that parse and extract. With 0, the default, the calling thread does. */
  threads?: number;
  /** Called for each resource that cannot be stored. @param place file and line, or entry */
  onRejected(place: string, reason: string): void;
  /** Called after each transaction. */
  onProgress?(progress: Progress): void;
}

/**
 * Loads resources in batches of about two megabytes; a line or a Bundle is never divided. A batch is one
 * transaction: a search sees all of it or nothing. Loading the same again changes nothing, so after a crash,
 * loading again completes the work. The resources of the report are on the disk. A bad resource is reported
 * and left out.
 * @throws Error when a file cannot be read or the database fails; the batches before stay stored
 */
export async function load(options: LoadOptions): Promise<LoadReport> {
  const report: LoadReport = {
    read: 0,
    created: 0,
    updated: 0,
    unchanged: 0,
    deleted: 0,
    rejected: 0,
    byType: {},
    waiting: 0,
  };
  const total = totalBytes(options.files);
  const preparation = openPreparation(options.baseUrl, options.threads ?? 0);
  const client = await options.pool.connect().catch(async (error: unknown) => {
    await preparation.stop();
    throw error;
  });
  // The statement after a lost connection fails without a reason. Without this listener, the loss would end
  // the process.
  let lost: Error | undefined;
  const noteLost = (error: Error) => (lost ??= error);
  client.on('error', noteLost);
  // The next batches are prepared while one is stored. They are stored in the order of the files.
  const preparing: { batch: Promise<Batch>; place: string; bytes: number }[] = [];
  const storeNext = async () => {
    const next = preparing.shift();
    if (!next) return;
    const batch = await next.batch;
    for (const { place, reason } of batch.rejected) options.onRejected(place, reason);
    const { created, updated, deleted, unchanged } = await storeBatch(client, batch).catch(
      (error: unknown) => {
        throw new Error(`${(lost ?? (error as Error)).message}, in what begins at ${next.place}`, {
          cause: error,
        });
      },
    );
    report.read += batch.read;
    report.rejected += batch.rejected.length;
    report.unchanged += unchanged;
    report.created += sum(created);
    report.updated += sum(updated);
    report.deleted += sum(deleted);
    for (const counts of [created, updated, deleted])
      for (const [type, count] of Object.entries(counts))
        report.byType[type] = (report.byType[type] ?? 0) + count;
    options.onProgress?.({ ...report, bytes: next.bytes, totalBytes: total });
  };
  try {
    for await (const work of workOf(options.files)) {
      preparing.push({ batch: preparation.prepare(work), place: placeOf(work), bytes: work.readBytes });
      if (preparing.length > preparation.width) await storeNext();
    }
    while (preparing.length > 0) await storeNext();
    await durable(client);
    const { rows } = await client.query<{ waiting: number }>(
      'SELECT count(*)::int AS waiting FROM waiting_resource',
    );
    report.waiting = rows[0]?.waiting ?? 0;
    await refreshSharedIndexes(client, sharedChanges(report.byType));
  } finally {
    client.off('error', noteLost);
    client.release();
    await preparation.stop();
  }
  return report;
}

function placeOf({ pieces: [first] }: Work): string {
  return first?.firstLine === undefined ? `${first?.file}` : `${first.file}:${first.firstLine}`;
}

/** The number of shared resources among the changes. @param byType numbers of changes */
export const sharedChanges = (byType: Record<string, number>) =>
  Object.entries(byType).reduce((total, [type, count]) => total + (isCompartmentType(type) ? 0 : count), 0);

const sum = (counts: Record<string, number>) =>
  Object.values(counts).reduce((total, count) => total + count, 0);
