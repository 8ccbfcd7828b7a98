import '@payer/service/tool-output';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Pool } from 'pg';
import { addressesFrom, addressVariables } from '@payer/service/addresses';
import { loadConfig } from '@payer/service/config';
import { environments, isEnvironment, type Environment } from '@payer/smart/environments';
import { databaseVariables, ownerUrl, ownerVariables } from '../databases.js';
import { load, reindex, totalBytes } from '@payer/fhir-store/load';

const names = environments.join('|');

const usage = `Loads FHIR data into an environment, while the API serves or not.

  npm run load -- --environment ${names} FILE…
  npm run load -- --environment ${names} --reindex

FILE is NDJSON (.ndjson), a resource or a Bundle (.json), each also .gz, a .tgz of JSON files, or - for NDJSON from the standard input. A line of NDJSON
may be a Bundle. NDJSON is streamed; a Bundle goes in as a whole and is held in memory.
Loading the same again changes nothing. What is bad is rejected with its place and reason, and the rest goes on. Resources may come in any order.
To delete, load a transaction Bundle that says so: {"resourceType": "Bundle", "type": "transaction", "entry": [{"request": {"method": "DELETE", "url": "Observation/1"}}]}

--reindex makes anew what searches look at, from the resources as they are stored: after a release that finds more in them, or in another way, and
after the FHIR base URL has changed. No resource gets another version by it. The API and loaders may run meanwhile; stopped, it can be run again.

Exit code: 0 all is loaded, 1 something was rejected, 2 wrong usage, 3 it stopped before the end.`;

/** For fewer bytes, starting threads costs more than it saves. */
const smallBytes = 500_000;

interface Arguments {
  environment: Environment;
  /** Undefined: index the stored resources again. */
  files: string[] | undefined;
}

function readArguments(): Arguments | string {
  try {
    const { values, positionals } = parseArgs({
      options: {
        environment: { type: 'string' },
        reindex: { type: 'boolean' },
        help: { type: 'boolean' },
      },
      allowPositionals: true,
    });
    if (values.help) return usage;
    if (!isEnvironment(values.environment))
      return `--environment must be one of ${environments.join(', ')}\n\n${usage}`;
    if (values.reindex)
      return positionals.length > 0
        ? `--reindex takes no file\n\n${usage}`
        : { environment: values.environment, files: undefined };
    if (positionals.length === 0) return `name at least one file\n\n${usage}`;
    // Finds a missing file before the first file is loaded.
    totalBytes(positionals);
    return { environment: values.environment, files: positionals };
  } catch (error) {
    return `${(error as Error).message}\n\n${usage}`;
  }
}

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
async function loadFiles(pool: Pool, baseUrl: string, files: readonly string[]): Promise<number> {
  const report = await load({
    pool,
    baseUrl,
    files,
    threads: threadsFor(files),
    onRejected: (place, reason) => console.error(`rejected ${place}: ${reason}`),
    onProgress: ({ read, bytes, totalBytes: total }) =>
      showProgress(read, total ? shareOf(bytes, total, `${(total / 1e6).toFixed(0)} MB`) : ''),
  });
  showTypes(report.byType);
  const { read, created, updated, unchanged, deleted, rejected, waiting } = report;
  console.log(
    `${read} read in ${seconds()} s (${rate(read)}): ${created} created, ${updated} updated, ${unchanged} unchanged, ${deleted} deleted, ${rejected} rejected`,
  );
  if (waiting > 0)
    console.log(
      `${waiting} wait for a resource they refer to, which tells whose they are; until then they are not served`,
    );
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
    return await (files ? loadFiles(pool, fhirBaseUrl, files) : reindexStored(pool, fhirBaseUrl));
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
