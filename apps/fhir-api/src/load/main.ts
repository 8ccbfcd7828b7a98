import '@payer/service/tool-output';
import { availableParallelism } from 'node:os';
import { Pool } from 'pg';
import { addressesFrom, addressVariables } from '@payer/service/addresses';
import { loadConfig } from '@payer/service/config';
import { databaseVariables, ownerUrl, ownerVariables } from '../databases.js';
import { load, reindex, totalBytes } from '@payer/fhir-store/load';
import { readArguments, usage, type Arguments } from './arguments.js';

/** For fewer bytes, starting threads costs more than it saves. */
const smallBytes = 500_000;

function threadsFor(files: readonly string[]): number {
  if ((totalBytes(files) ?? Infinity) < smallBytes) return 0;
  return Math.max(1, Math.min(4, availableParallelism() - 1));
}

const progressEvery = 2000;
const startedAt = Date.now();
let shownAt = startedAt;

const rate = (read: number) => `${Math.round(read / ((Date.now() - startedAt) / 1000))}/s`;
const seconds = () => ((Date.now() - startedAt) / 1000).toFixed(1);

/** @param share text of the part that has been read, or an empty string */
function showProgress(read: number, share: string): void {
  if (Date.now() - shownAt < progressEvery) return;
  shownAt = Date.now();
  console.error(`${share}${read} resources, ${rate(read)}`);
}

const shareOf = (part: number, total: number, of: string) =>
  `${Math.min(100, Math.floor((part / total) * 100))} % of ${of}, `;

function showTypes(byType: Record<string, number>): void {
  for (const [type, count] of Object.entries(byType).sort()) console.log(`  ${type.padEnd(26)} ${count}`);
}

/** @returns the exit code */
async function loadFiles(
  pool: Pool,
  baseUrl: string,
  files: readonly string[],
  { bases }: Arguments,
): Promise<number> {
  const report = await load({
    pool,
    baseUrl,
    ownBases: bases,
    files,
    threads: threadsFor(files),
    onRejected: (place, reason) => console.error(`rejected ${place}: ${reason}`),
    onProgress: ({ read, bytes, totalBytes: total }) =>
      showProgress(read, total ? shareOf(bytes, total, `${(total / 1e6).toFixed(0)} MB`) : ''),
  });
  showTypes(report.byType);
  const { read, created, updated, unchanged, deleted, rejected, waiting, unresolved } = report;
  console.log(
    `${read} read in ${seconds()} s (${rate(read)}): ${created} created, ${updated} updated, ${unchanged} unchanged, ${deleted} deleted, ${rejected} rejected`,
  );
  if (waiting > 0)
    console.log(
      `${waiting} wait for a resource that they reference, because their owner is its owner; until then they are not served`,
    );
  if (unresolved > 0)
    console.log(`${unresolved} wait until each reference by identifier matches exactly one resource`);
  return rejected > 0 ? 1 : 0;
}

/** @returns the exit code */
async function reindexStored(pool: Pool, baseUrl: string): Promise<number> {
  const { read, byType, refused } = await reindex({
    pool,
    baseUrl,
    onRefused: (resource, reason) => console.error(`left as it is, ${resource}: ${reason}`),
    onProgress: ({ read, total }) => showProgress(read, shareOf(read, total, String(total))),
  });
  showTypes(byType);
  const changed = Object.values(byType).reduce((sum, count) => sum + count, 0);
  console.log(
    `${read} read in ${seconds()} s (${rate(read)}): ${changed} indexed anew, ${read - changed - refused} unchanged, ${refused} left as they are`,
  );
  return refused > 0 ? 1 : 0;
}

async function main(): Promise<number> {
  const given = readArguments();
  if (typeof given === 'string') {
    console.error(given);
    return given === usage ? 0 : 2;
  }
  const { environment, files } = given;
  const config = loadConfig({ ...databaseVariables, ...ownerVariables, ...addressVariables });
  const { fhirBaseUrl } = addressesFrom(config)[environment];
  const pool = new Pool({ connectionString: ownerUrl(config, environment), max: 1 });
  // A failed query rejects its own promise. Without this handler an idle connection's error would end the
  // process.
  pool.on('error', () => undefined);
  try {
    return await (files ? loadFiles(pool, fhirBaseUrl, files, given) : reindexStored(pool, fhirBaseUrl));
  } catch (error) {
    console.error(
      `${files ? 'Loading' : 'Reindexing'} stopped: ${(error as Error).message}. What was done before stays; run it again to go on.`,
    );
    return 3;
  } finally {
    await pool.end();
  }
}

process.exitCode = await main();
