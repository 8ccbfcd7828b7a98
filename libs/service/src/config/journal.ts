import { z } from 'zod';
import { requiredInProduction } from './config.js';

/** Variables of a service that owns revocable facts (decision 26). */
export const journalVariables = {
  /**
   * Directory of the journal, on another disk than the database and kept when the database is restored.
   * Without a journal, recovery of a restored database needs a decision of an operator.
   */
  REVOCATION_JOURNAL: requiredInProduction(z.string().min(1).optional()),
  /** Days for which a backup may be restored. The journal keeps entries at least as long. */
  JOURNAL_KEPT_DAYS: z.coerce.number().int().min(1).max(3650).default(400),
};
