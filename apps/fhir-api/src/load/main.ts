import '@payer/service/tool-output';
import { setFlagsFromString } from 'node:v8';
import type { Pool } from 'pg';
import { openPool } from '@payer/fhir-store/pool';
import { addressesFrom, addressVariables } from '@payer/service/addresses';
import { loadConfig } from '@payer/service/config';
import { databaseVariables, ownerUrl, ownerVariables } from '../databases.js';
import { reindexStored, showIndexChanges } from './index-commands.js';
import { readArguments, usage, type Arguments } from './arguments.js';
import { checkFiles, dropWaitingOnes, loadFiles, showRuns, showWaiting } from './commands.js';

// V8 inlines fewer small functions, so that it compiles less. Compiling is a fifth of the processor time of a
// small load, and the code of a large one is about as fast (docs/performance.md).
setFlagsFromString('--max-inlined-bytecode-size-cumulative=300');

/** @returns the exit code */
function run(pool: Pool, baseUrl: string, given: Arguments): Promise<number> {
  switch (given.command) {
    case 'load':
      return loadFiles(pool, baseUrl, given);
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
    case 'runs':
      return showRuns(pool);
  }
}

async function main(): Promise<number> {
  const given = readArguments();
  if (typeof given === 'string') {
    console.error(given);
    return given === usage ? 0 : 2;
  }
  const config = loadConfig({ ...databaseVariables, ...ownerVariables, ...addressVariables });
  const { fhirBaseUrl } = addressesFrom(config)[given.environment];
  const pool = openPool({ connectionString: ownerUrl(config, given.environment), max: 1 });
  try {
    return await run(pool, fhirBaseUrl, given);
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

process.exitCode = await main();
