import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The cause of a grant's end, whichever service ended it. `reason` has it only for grants that auth-server
 * ended.
 */
export class AddGrantEndCause1764800200000 implements MigrationInterface {
  name = 'AddGrantEndCause1764800200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE ended_grant ADD COLUMN cause text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE ended_grant DROP COLUMN cause');
  }
}
