import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Marks the mails to members, so that the removal of a member deletes these mails and no others. */
export class MarkMemberMails1764900900000 implements MigrationInterface {
  name = 'MarkMemberMails1764900900000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE mail ADD COLUMN to_member boolean NOT NULL DEFAULT false');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE mail DROP COLUMN to_member');
  }
}
