import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Chains look into contained resources, so a row holds their index values, too. Rows that are there get theirs from `load --reindex`. Nothing else
 * here: nobody can read the tables until it is done.
 */
export class IndexContained1764000000300 implements MigrationInterface {
  name = 'IndexContained1764000000300';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of ['member_resource', 'shared_resource', 'waiting_resource'])
      await runner.query(`ALTER TABLE ${table} ADD COLUMN contained jsonb`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['waiting_resource', 'shared_resource', 'member_resource'])
      await runner.query(`ALTER TABLE ${table} DROP COLUMN contained`);
  }
}
