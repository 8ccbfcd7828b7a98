import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Served requests and their resources by resource type: `{"Condition": [requests, resources]}`. */
export class AddAccessReads1764341000101 implements MigrationInterface {
  name = 'AddAccessReads1764341000101';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE access_total ADD COLUMN reads jsonb NOT NULL DEFAULT '{}'");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE access_total DROP COLUMN reads');
  }
}
