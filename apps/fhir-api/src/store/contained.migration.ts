import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Chains look into contained resources, so a row holds their index values, too. Few resources contain any: an index has these alone. Rows that are
 * there get theirs from `load --reindex`.
 */
export class IndexContained1764000000300 implements MigrationInterface {
  name = 'IndexContained1764000000300';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of ['member_resource', 'shared_resource', 'waiting_resource'])
      await runner.query(`ALTER TABLE ${table} ADD COLUMN contained jsonb`);
    await runner.query(
      'CREATE INDEX member_resource_containing ON member_resource (patient, type) WHERE contained IS NOT NULL',
    );
    await runner.query(
      'CREATE INDEX shared_resource_containing ON shared_resource (type) WHERE contained IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['waiting_resource', 'shared_resource', 'member_resource'])
      await runner.query(`ALTER TABLE ${table} DROP COLUMN contained`);
  }
}
