import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The published number of resources of each member (`record_count`), and the place that the sweep over all
 * members has reached (`record_count_sweep`, one row).
 */
export class CreateRecordCount1764341000100 implements MigrationInterface {
  name = 'CreateRecordCount1764341000100';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE record_count (patient text PRIMARY KEY, fingerprint text NOT NULL)');
    await runner.query(`
      CREATE TABLE record_count_sweep (
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        after_patient text NOT NULL,
        due_at timestamptz NOT NULL
      )`);
    await runner.query("INSERT INTO record_count_sweep (after_patient, due_at) VALUES ('', '-infinity')");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE record_count_sweep');
    await runner.query('DROP TABLE record_count');
  }
}
