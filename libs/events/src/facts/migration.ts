import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The identity of this database: it differs from every other database, and from this one before a restore.
 * Also the columns that mark a changed row.
 */
export class CreateFactFeed1764200000000 implements MigrationInterface {
  name = 'CreateFactFeed1764200000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS database_identity (
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        restored_at timestamptz
      )`);
    await runner.query('INSERT INTO database_identity DEFAULT VALUES ON CONFLICT DO NOTHING');
    await runner.query(`
      CREATE OR REPLACE FUNCTION mark_changed() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.changed_by := pg_current_xact_id();
        RETURN NEW;
      END $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION mark_changed');
    await runner.query('DROP TABLE database_identity');
  }
}

/** How far the feed of each owner has been read into this database. */
export class CreateFactPosition1764200000001 implements MigrationInterface {
  name = 'CreateFactPosition1764200000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE fact_position (
        owner text PRIMARY KEY,
        identity text NOT NULL,
        cursor text NOT NULL,
        read_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE fact_position');
  }
}
