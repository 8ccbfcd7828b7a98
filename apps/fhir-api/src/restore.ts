import { reasonOf } from '@payer/events';
import { loadConfig } from '@payer/service';
import { environments } from '@payer/smart';
import { Client } from 'pg';
import { databaseUrl, databaseVariables } from './databases.js';

/**
 * Added to the version of each running total, because consumers have read newer versions than the backup
 * contains.
 */
const rise = 1_000_000;

/**
 * Runs after a restore of the FHIR databases (docs/operations.md, Restore from a backup). These databases own
 * no revocations: resources are loaded again, access records since the backup are lost, and running totals
 * continue above the published versions.
 */
async function main([command, ...more]: string[]): Promise<number> {
  if ((command !== 'check' && command !== 'apply') || more.length > 0) {
    process.stderr.write('restore of fhir-api: check | apply\n');
    return 2;
  }
  const config = loadConfig(databaseVariables);
  for (const environment of environments) {
    const client = new Client({ connectionString: databaseUrl(config, environment) });
    await client.connect();
    try {
      const { rows } = await client.query<{ at: Date | null }>('SELECT max(at) AS at FROM access_record');
      const at = rows[0]?.at?.toISOString() ?? 'never';
      process.stdout.write(
        `fhir-api ${environment}: the last recorded access is of ${at}; note the gap since\n`,
      );
      if (command === 'check') continue;
      const totals = await client.query('UPDATE access_total SET version = version + $1', [rise]);
      process.stdout.write(
        `fhir-api ${environment}: ${totals.rowCount} running totals go on; load the data of since then again\n`,
      );
    } finally {
      await client.end();
    }
  }
  return 0;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`restore of fhir-api: ${reasonOf(error)}\n`);
    process.exit(1);
  },
);
