import { reasonOf, restoreCommand } from '@payer/events';
import { readConfig } from './config.js';
import { appRecovery } from './facts/app-recovery.js';

/** After a restore of this service's database (docs/operations.md, Restore from a backup). */
try {
  const {
    DATABASE_URL: databaseUrl,
    REVOCATION_JOURNAL: journal,
    JOURNAL_KEPT_DAYS: keptDays,
  } = readConfig();
  process.exit(
    await restoreCommand({ databaseUrl, owner: appRecovery, journal, keptDays }, process.argv.slice(2)),
  );
} catch (error) {
  process.stderr.write(`${reasonOf(error)}\n`);
  process.exit(1);
}
