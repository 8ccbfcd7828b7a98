import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Keeps the owners of a deleted resource. Their apps get 410 for it. The owners of earlier deletions are
 * unknown.
 */
export class KeepDeletedOwners1764000000302 implements MigrationInterface {
  name = 'KeepDeletedOwners1764000000302';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE deleted_resource ADD COLUMN patients text[] NOT NULL DEFAULT '{}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE deleted_resource DROP COLUMN patients');
  }
}
