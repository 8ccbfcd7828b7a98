import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which files were loaded when, and with which result. */
export class RecordLoadRuns1764000000502 implements MigrationInterface {
  name = 'RecordLoadRuns1764000000502';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE load_run (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        started_at timestamptz NOT NULL,
        ended_at timestamptz NOT NULL,
        is_complete boolean NOT NULL,
        problem text,
        files jsonb NOT NULL,
        counts jsonb NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE load_run');
  }
}
