import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Places have an index of their own (`places.migration.ts`); nothing reads the one before it, and each load wrote it. */
export class DropPositionIndex1764000000201 implements MigrationInterface {
  name = 'DropPositionIndex1764000000201';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX IF EXISTS shared_resource_position');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE INDEX shared_resource_position ON shared_resource (latitude, longitude) WHERE latitude IS NOT NULL',
    );
  }
}
