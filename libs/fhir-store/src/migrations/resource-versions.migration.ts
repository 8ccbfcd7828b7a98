import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Earlier versions of resources, where the loader keeps them, and the times of deletions. `patients` are the
 * owners that a version had; a shared resource has none. `labels` are its security labels and those that it
 * followed. The version before this migration goes on as before, and keeps none.
 */
export class KeepResourceVersions1764000000750 implements MigrationInterface {
  name = 'KeepResourceVersions1764000000750';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE resource_version (
        type text NOT NULL,
        id text NOT NULL,
        version integer NOT NULL,
        is_deletion boolean NOT NULL,
        last_updated timestamptz NOT NULL,
        kept_at timestamptz NOT NULL DEFAULT now(),
        patients text[] NOT NULL,
        labels text[],
        refs text[] NOT NULL,
        body text,
        PRIMARY KEY (type, id, version, is_deletion),
        CHECK ((body IS NULL) = is_deletion)
      )`);
    await runner.query('CREATE INDEX resource_version_patients ON resource_version USING gin (patients)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE resource_version');
  }
}
