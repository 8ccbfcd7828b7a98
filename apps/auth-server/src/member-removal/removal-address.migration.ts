import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The address whose mails go with a removed member, kept until the removal is complete. */
export class AddRemovalAddress1764902000000 implements MigrationInterface {
  name = 'AddRemovalAddress1764902000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE member_removal ADD COLUMN email text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE member_removal DROP COLUMN email');
  }
}
