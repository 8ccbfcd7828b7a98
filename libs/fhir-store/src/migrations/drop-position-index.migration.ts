import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Drops the first index of places. `places.migration.ts` has made another one, and each load still wrote the
 * first.
 */
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
