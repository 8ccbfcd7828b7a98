import { reasonOf, restoreCommand, type FactsOwner } from '@payer/events';

/** The configuration of `restore.js`. */
interface RestoreConfig {
  DATABASE_URL: string;
  REVOCATION_JOURNAL?: string;
  JOURNAL_KEPT_DAYS: number;
}

/**
 * Runs `restore.js` of a service after a restore of its database (docs/operations.md, Restore from a backup),
 * and exits the process with its exit code.
 */
export async function runRestore(owner: FactsOwner, readConfig: () => RestoreConfig): Promise<never> {
  try {
    const config = readConfig();
    const options = {
      databaseUrl: config.DATABASE_URL,
      owner,
      journal: config.REVOCATION_JOURNAL,
      keptDays: config.JOURNAL_KEPT_DAYS,
    };
    process.exit(await restoreCommand(options, process.argv.slice(2)));
  } catch (error) {
    process.stderr.write(`${reasonOf(error)}\n`);
    process.exit(1);
  }
}
