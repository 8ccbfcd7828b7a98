import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The state of PostgreSQL when this database last began or recovered, and what the journal, the event log and
 * the consumers know of it (decision 26).
 *
 * `outbox_journal` holds facts for the journal alone, from the commit until the journal has them.
 * `applied_position` is the position up to which events of other services have been applied here.
 */
export class AddRecovery1764260000000 implements MigrationInterface {
  name = 'AddRecovery1764260000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE database_identity
        ADD COLUMN system_identifier text,
        ADD COLUMN timeline text,
        ADD COLUMN database_oid text,
        ADD COLUMN journal_positions jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN log_memory jsonb,
        ADD COLUMN republish_after text`);
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
    await runner.query('DROP TABLE outbox_journal, applied_position');
    await runner.query(`
      ALTER TABLE database_identity DROP COLUMN system_identifier, DROP COLUMN timeline, DROP COLUMN database_oid,
        DROP COLUMN journal_positions, DROP COLUMN log_memory, DROP COLUMN republish_after`);
  }
}
