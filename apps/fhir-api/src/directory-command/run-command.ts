import { BytesClient } from '@payer/fhir-store';
import { loadConfig } from '@payer/service/config';
import type { Environment } from '@payer/smart/environments';
import { databaseUrl, databaseVariables } from '../databases.js';

export interface DirectoryCommand<Arguments> {
  usage: string;
  /** As {@link readOptions} returns them. */
  given: Arguments | string;
  /** The name of the database session. */
  session: string;
  /** Does the work, and returns the exit code. */
  run: (client: BytesClient, given: Arguments) => Promise<number>;
  /** The text about work that ended before its end. */
  stopped: (reason: string) => string;
}

/**
 * Runs a command on the database of its environment.
 * @returns the exit code: that of the work, 0 for help, 2 for wrong usage, 3 for work that stopped
 */
export async function runCommand<Arguments extends { environment: Environment }>(
  command: DirectoryCommand<Arguments>,
): Promise<number> {
  const { usage, given, session, run, stopped } = command;
  if (typeof given === 'string') {
    const isHelp = given === usage;
    process[isHelp ? 'stdout' : 'stderr'].write(`${given}\n`);
    return isHelp ? 0 : 2;
  }
  const client = new BytesClient({
    connectionString: databaseUrl(loadConfig(databaseVariables), given.environment),
    application_name: session,
  });
  // A failed query rejects its own promise. Without this handler the error would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await run(client, given);
  } catch (error) {
    process.stderr.write(`${stopped((error as Error).message)}\n`);
    return 3;
  } finally {
    await client.end().catch(() => undefined);
  }
}
