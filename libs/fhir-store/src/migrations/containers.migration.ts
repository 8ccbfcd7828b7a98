import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * An index of the few resources that contain others. Finding them takes a scan of the tables, during which
 * the tables can be read.
 */
export class IndexContainers1764000000303 implements MigrationInterface {
  name = 'IndexContainers1764000000303';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE INDEX IF NOT EXISTS member_resource_containing ON member_resource (patient, type) WHERE contained IS NOT NULL',
    );
    await runner.query(
      'CREATE INDEX IF NOT EXISTS shared_resource_containing ON shared_resource (type) WHERE contained IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX shared_resource_containing, member_resource_containing');
  }
}
