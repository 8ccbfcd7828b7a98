import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Chains look into contained resources, so a row holds their index values, too. Existing rows get theirs from
 * `load --reindex`. This migration does nothing else, because the tables cannot be read until it is done.
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
