import type { Pool } from 'pg';
import { openPool } from '@payer/fhir-store/pool';
import { addressesFrom, addressVariables } from '@payer/service/addresses';
import { loadConfig } from '@payer/service/config';
import { databaseVariables, ownerUrl, ownerVariables } from '../databases.js';
import { historyVariables } from '../history-variables.js';
import { reindexStored, showIndexChanges } from './index-commands.js';
import { readArguments, usage, type Arguments } from './arguments.js';
import {
  checkFiles,
  dropVersionsBefore,
  dropWaitingOnes,
  loadFiles,
  showRuns,
  showWaiting,
} from './commands.js';

/** @throws Error that says which variables are wrong */
const configOf = (variables: Record<string, string | undefined>) =>
  loadConfig(
    { ...databaseVariables, ...ownerVariables, ...addressVariables, ...historyVariables },
    variables,
  );

/** @returns the exit code */
function run(pool: Pool, baseUrl: string, given: Arguments, keepsVersions: boolean): Promise<number> {
  switch (given.command) {
    case 'load':
      return loadFiles(pool, baseUrl, given, keepsVersions);
    case 'check':
      return checkFiles(baseUrl, given);
    case 'index-changes':
      return showIndexChanges(pool);
    case 'reindex':
      return reindexStored(pool, baseUrl, given);
    case 'waiting':
      return showWaiting(pool);
    case 'drop-waiting':
      return dropWaitingOnes(pool, given.operands);
    case 'drop-versions':
      return dropVersionsBefore(pool, given.before!);
    case 'runs':
      return showRuns(pool);
  }
}

/**
 * Does what the arguments of `npm run load` say, and writes to the console.
 * @param variables as in the environment of the process
 * @returns the exit code
 */
export async function runLoad(
  args: string[],
  variables: Record<string, string | undefined> = process.env,
): Promise<number> {
  const given = readArguments(args);
  if (typeof given === 'string') {
    const isHelp = given === usage;
    console[isHelp ? 'log' : 'error'](given);
    return isHelp ? 0 : 2;
  }
  let config: ReturnType<typeof configOf>;
  try {
    config = configOf(variables);
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  const { fhirBaseUrl } = addressesFrom(config)[given.environment];
  const pool = openPool({ connectionString: ownerUrl(config, given.environment), max: 1 });
  try {
    return await run(pool, fhirBaseUrl, given, config.RESOURCE_HISTORY === 'on');
  } catch (error) {
    const doing = given.command === 'reindex' ? 'Reindexing' : 'Loading';
    console.error(
      `${doing} stopped: ${(error as Error).message}. What was done before stays; run it again to go on.`,
    );
    return 3;
  } finally {
    await pool.end();
  }
}
