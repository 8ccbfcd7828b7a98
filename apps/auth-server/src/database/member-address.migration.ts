import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Where and in which language a member gets mails. Null: the member gets none, or those in English. */
export class AddMemberAddress1764800600002 implements MigrationInterface {
  name = 'AddMemberAddress1764800600002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE member ADD COLUMN email text');
    await runner.query('ALTER TABLE member ADD COLUMN language text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE member DROP COLUMN language, DROP COLUMN email');
  }
}
