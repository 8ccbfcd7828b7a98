import { parseArgs } from 'node:util';
import { Pool } from 'pg';
import { addressesFrom, addressVariables, loadConfig } from '@payer/service';
import { isEnvironment, type Environment } from '@payer/smart';
import { databaseUrl, databaseVariables } from '../config.js';
import { load, type LoadReport } from './load.js';

const usage = `Loads FHIR data into an environment, while the API serves or not.

  npm run load -- --environment sandbox|production FILE…

FILE is NDJSON (.ndjson), a resource or a Bundle (.json), each also .gz, or a .tgz of JSON files. Loading the same again changes nothing.`;

function readArguments(): { environment: Environment; files: string[] } | string {
  try {
    const { values, positionals } = parseArgs({
      options: { environment: { type: 'string' }, help: { type: 'boolean' } },
      allowPositionals: true,
    });
    if (values.help) return usage;
    if (!isEnvironment(values.environment)) return `--environment must be sandbox or production\n\n${usage}`;
    if (positionals.length === 0) return `name at least one file\n\n${usage}`;
    return { environment: values.environment, files: positionals };
  } catch (error) {
    return `${(error as Error).message}\n\n${usage}`;
  }
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
  const startedAt = Date.now();
  let shownAt = startedAt;
  const rate = ({ read }: LoadReport) => `${Math.round(read / ((Date.now() - startedAt) / 1000))}/s`;
  try {
    const report = await load({
      pool,
      baseUrl: addressesFrom(config)[given.environment].fhirBaseUrl,
      files: given.files,
      onRejected: (place, reason) => console.error(`rejected ${place}: ${reason}`),
      onProgress: (progress) => {
        if (Date.now() - shownAt < progressEvery) return;
        shownAt = Date.now();
        console.error(`${progress.read} resources read, ${rate(progress)}`);
      },
    });
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
    for (const [type, count] of Object.entries(report.byType).sort())
      console.log(`  ${type.padEnd(26)} ${count}`);
    console.log(
      `${report.read} read in ${seconds} s (${rate(report)}): ${report.created} created, ${report.updated} updated, ${report.unchanged} unchanged, ${report.rejected} rejected`,
    );
    return report.rejected > 0 ? 1 : 0;
  } catch (error) {
    console.error(
      `Loading stopped: ${(error as Error).message}. What was loaded before stays; load again to go on.`,
    );
    return 1;
  } finally {
    await pool.end();
  }
}

process.exitCode = await main();
