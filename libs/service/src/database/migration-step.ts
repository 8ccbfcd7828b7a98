import { migrateEventLog, reasonOf, transportVariables } from '@payer/events';
import { z } from 'zod';
import { loadConfig } from '../config/config.js';
import { migrate, type DatabaseOptions } from './database.js';

/**
 * Address of a database for migrations, with the role of its owner. When absent, the serving role migrates.
 * It then owns the tables, and no right is withheld from it.
 */
export const migrationUrl = z.string().optional();

const eventsVariables = { ...transportVariables, EVENTS_MIGRATION_DATABASE_URL: migrationUrl };

/**
 * Brings a database up to date as its owner, and grants the serving role its rights.
 * @param options with the `url` of the serving role
 * @param ownerUrl of the same database
 */
export function migrateAs(ownerUrl: string | undefined, options: DatabaseOptions): Promise<string[]> {
  const servingRole = decodeURIComponent(new URL(options.url).username);
  return migrate({ ...options, url: ownerUrl ?? options.url }, servingRole);
}

/**
 * Prepares the event log of the PostgreSQL transport as its owner. An unavailable log does not fail the
 * service's own migrations.
 * @returns the end of the message about the migrations
 */
export async function migrateEvents(variables: Record<string, string | undefined>): Promise<string> {
  const config = loadConfig(eventsVariables, variables);
  if (config.EVENT_TRANSPORT !== 'postgres') return '';
  try {
    await migrateEventLog(config.EVENTS_MIGRATION_DATABASE_URL ?? config.EVENTS_DATABASE_URL);
    return '; the event log is up to date';
  } catch (error) {
    return `; the event log could not be prepared: ${reasonOf(error)}`;
  }
}
