import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whose a deleted resource was, so that its member is told that it is gone. Of what was deleted before it is not known. */
export class KeepDeletedOwners1764000000302 implements MigrationInterface {
  name = 'KeepDeletedOwners1764000000302';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE deleted_resource ADD COLUMN patients text[] NOT NULL DEFAULT '{}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE deleted_resource DROP COLUMN patients');
  }
}
