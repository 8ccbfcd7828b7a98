import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The reads of a grant's app on a day, by resource type. Null for totals of the previous version. */
export class AddDailyReads1764341000002 implements MigrationInterface {
  name = 'AddDailyReads1764341000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE grant_use ADD COLUMN day date, ADD COLUMN reads jsonb');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE grant_use DROP COLUMN day, DROP COLUMN reads');
  }
}
