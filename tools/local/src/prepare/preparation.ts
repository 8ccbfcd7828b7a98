import type { ServiceName } from '../services.js';

/** What one process does before a system can be used: the migrations of all services, then the synthetic data. */
export interface Preparation {
  /** The repository's root. */
  root: string;
  /** Environment variables of each service. */
  variables: Record<ServiceName, Record<string, string>>;
  /** Where generated files go. */
  directory: string;
  /** Notes which version of the data set each environment holds. It lies beside the database, and goes with it. */
  noteFile: string;
}

/** What the process reports: databases are up to date, a line for people, or why it failed. */
export type Report = { migrated: true } | { say: string } | { failed: string };

/** Name of the variable that holds the {@link Preparation} as JSON. */
export const preparationVariable = 'LOCAL_PREPARATION';
