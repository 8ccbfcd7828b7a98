import { join } from 'node:path';
import { services } from '../services.js';
import type { Preparation } from './preparation.js';

/**
 * Brings the databases of all services up to date, in this process.
 * @throws Error with the name of the service
 */
export async function runMigrations({
  root,
  variables,
}: Pick<Preparation, 'root' | 'variables'>): Promise<void> {
  await Promise.all(
    services.map(async ({ name }) => {
      const { migrateDatabase } = (await import(join(root, 'apps', name, 'dist', 'migrate.js'))) as {
        migrateDatabase(variables: Record<string, string | undefined>): Promise<string>;
      };
      try {
        await migrateDatabase({ ...process.env, ...variables[name] });
      } catch (error) {
        throw new Error(`migrations of ${name} failed: ${(error as Error).message}`, { cause: error });
      }
    }),
  );
}
