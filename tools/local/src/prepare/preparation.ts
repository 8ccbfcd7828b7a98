import type { ServiceName } from '../services.js';

/**
 * Input of the process that prepares a system: it runs the migrations of all services, then loads the
 * synthetic data.
 */
export interface Preparation {
  /** The repository's root. */
  root: string;
  /** Environment variables of each service. */
  variables: Record<ServiceName, Record<string, string>>;
  /** Directory for generated files. */
  directory: string;
  /**
   * Records the loaded version of the data set for each environment. The file is stored next to the database
   * and deleted with it.
   */
  noteFile: string;
}

/** A message of the process: the databases are up to date, a line for people, or the reason of a failure. */
export type Report = { migrated: true } | { say: string } | { failed: string };

/** Name of the variable with the {@link Preparation} as JSON. */
export const preparationVariable = 'LOCAL_PREPARATION';
