import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Why a grant has ended, whichever service ended it. `reason` says so only for grants that auth-server ended. */
export class AddGrantEndCause1764800200000 implements MigrationInterface {
  name = 'AddGrantEndCause1764800200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE ended_grant ADD COLUMN cause text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE ended_grant DROP COLUMN cause');
  }
}
