import { parseArgs } from 'node:util';
import { loadConfig } from '@payer/service/config';
import { openPool } from '@payer/fhir-store/pool';
import { removePatient } from '@payer/fhir-store/load';
import { environments, isEnvironment } from '@payer/smart/environments';
import { databaseVariables, ownerUrl, ownerVariables } from '../databases.js';

const usage = `A step of npm run remove-member.
  --environment ${environments.join('|')} --patient ID…`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { environment: { type: 'string' }, patient: { type: 'string', multiple: true, default: [] } },
  });
  const { environment, patient: patients } = values;
  if (!isEnvironment(environment) || patients.length === 0) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  const config = loadConfig({ ...databaseVariables, ...ownerVariables });
  const pool = openPool({ connectionString: ownerUrl(config, environment), max: 1 });
  try {
    let deleted = 0;
    for (const patient of patients) deleted += await removePatient(pool, patient);
    // Otherwise the next sweep would tell consent that the patient has no records.
    await pool.query('DELETE FROM record_count WHERE patient = ANY($1)', [patients]);
    process.stdout.write(`fhir-api: ${deleted} resources deleted\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`fhir-api: ${(error as Error).message}\n`);
    return 1;
  } finally {
    await pool.end();
  }
}

process.exitCode = await main();
