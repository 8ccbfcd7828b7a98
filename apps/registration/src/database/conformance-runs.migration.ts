import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Runs of the conformance checks with their results. */
export class CreateConformanceRuns1764800300000 implements MigrationInterface {
  name = 'CreateConformanceRuns1764800300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE conformance_run (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        started_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        results jsonb
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE conformance_run');
  }
}
