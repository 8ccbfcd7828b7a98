import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Pool } from 'pg';
import { addressesFrom, addressVariables } from '@payer/service/addresses';
import { loadConfig } from '@payer/service/config';
import { isEnvironment, type Environment } from '@payer/smart/environments';
import { databaseUrl, databaseVariables } from '../databases.js';
import { load, type Progress } from './load.js';
import { totalBytes } from './sources.js';

const usage = `Loads FHIR data into an environment, while the API serves or not.

  npm run load -- --environment sandbox|production FILE…

FILE is NDJSON (.ndjson), a resource or a Bundle (.json), each also .gz, a .tgz of JSON files, or - for NDJSON from the standard input. A line of NDJSON
may be a Bundle. NDJSON is streamed; a Bundle goes in as a whole and is held in memory.
Loading the same again changes nothing. What is bad is rejected with its place and reason, and the rest goes on. Resources may come in any order.
To delete, load a transaction Bundle that says so: {"resourceType": "Bundle", "type": "transaction", "entry": [{"request": {"method": "DELETE", "url": "Observation/1"}}]}

Exit code: 0 all is loaded, 1 something was rejected, 2 wrong usage, 3 it stopped before the end.`;

/** Below this the start of threads costs more than they save. */
const smallBytes = 500_000;

function readArguments(): { environment: Environment; files: string[] } | string {
  try {
    const { values, positionals } = parseArgs({
      options: { environment: { type: 'string' }, help: { type: 'boolean' } },
      allowPositionals: true,
    });
    if (values.help) return usage;
    if (!isEnvironment(values.environment)) return `--environment must be sandbox or production\n\n${usage}`;
    if (positionals.length === 0) return `name at least one file\n\n${usage}`;
    // All of them before the first is loaded.
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

async function main(): Promise<number> {
  const given = readArguments();
  if (typeof given === 'string') {
    console.error(given);
    return given === usage ? 0 : 2;
  }
  const config = loadConfig({ ...databaseVariables, ...addressVariables });
  const pool = new Pool({ connectionString: databaseUrl(config, given.environment), max: 1 });
  // A query that fails says so itself.
  pool.on('error', () => undefined);
  const startedAt = Date.now();
  let shownAt = startedAt;
  const rate = (read: number) => `${Math.round(read / ((Date.now() - startedAt) / 1000))}/s`;
  const show = ({ read, bytes, totalBytes: total }: Progress) => {
    if (Date.now() - shownAt < progressEvery) return;
    shownAt = Date.now();
    const share = total ? `${Math.floor((bytes / total) * 100)} % of ${(total / 1e6).toFixed(0)} MB, ` : '';
    console.error(`${share}${read} resources, ${rate(read)}`);
  };
  try {
    const report = await load({
      pool,
      baseUrl: addressesFrom(config)[given.environment].fhirBaseUrl,
      files: given.files,
      threads: threadsFor(given.files),
      onRejected: (place, reason) => console.error(`rejected ${place}: ${reason}`),
      onProgress: show,
    });
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
    for (const [type, count] of Object.entries(report.byType).sort())
      console.log(`  ${type.padEnd(26)} ${count}`);
    const { read, created, updated, unchanged, deleted, rejected, waiting } = report;
    console.log(
      `${read} read in ${seconds} s (${rate(read)}): ${created} created, ${updated} updated, ${unchanged} unchanged, ${deleted} deleted, ${rejected} rejected`,
    );
    if (waiting > 0)
      console.log(
        `${waiting} wait for a resource they refer to, which tells whose they are; until then they are not served`,
      );
    return rejected > 0 ? 1 : 0;
  } catch (error) {
    console.error(
      `Loading stopped: ${(error as Error).message}. What was loaded before stays; load again to go on.`,
    );
    return 3;
  } finally {
    await pool.end();
  }
}

process.exitCode = await main();
