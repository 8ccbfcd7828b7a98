import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Keeps the first end of a grant that its member has shortened: tokens can live as long as that. */
export class AddGrantedUntil1764340200000 implements MigrationInterface {
  name = 'AddGrantedUntil1764340200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE app_grant ADD COLUMN granted_until timestamptz');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE app_grant DROP COLUMN granted_until');
  }
}
