import { z } from 'zod';
import { requiredInProduction } from './config.js';

/** Variables of a service that owns facts which end (decision 26). */
export const journalVariables = {
  /**
   * Directory of the journal: on another disk than the database, kept when the database is restored. Without one a restored
   * database can be recovered by a decision only.
   */
  REVOCATION_JOURNAL: requiredInProduction(z.string().min(1).optional()),
  /** Days for which a backup may be restored: the journal keeps entries at least as long. */
  JOURNAL_KEPT_DAYS: z.coerce.number().int().min(1).max(3650).default(400),
};
