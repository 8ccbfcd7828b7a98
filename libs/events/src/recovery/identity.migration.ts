import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Who this database is, so that a restored, promoted or copied one is noticed (decision 26). The row is written at the
 * first start. `outbox_journal` holds facts for the journal alone, from the commit until the journal has them.
 * `applied_position` says how far the events of others have been applied here.
 */
export class CreateDatabaseIdentity1764000000026 implements MigrationInterface {
  name = 'CreateDatabaseIdentity1764000000026';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE database_identity (
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        id uuid NOT NULL,
        system_identifier text NOT NULL,
        timeline text NOT NULL,
        database_oid text NOT NULL,
        journal_positions jsonb NOT NULL DEFAULT '{}',
        log_memory jsonb,
        republish_after text,
        renewed_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE TABLE outbox_journal (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        event_id uuid NOT NULL UNIQUE,
        event jsonb NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE applied_position (
        source text PRIMARY KEY,
        log text NOT NULL,
        position bigint NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE database_identity, outbox_journal, applied_position');
  }
}
