import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Marks the sign-ups that sent a mail. Further sign-ups of an address wait without a mail. The previous
 * version stores only sign-ups that sent one.
 */
export class MarkMailedSignUps1764901000000 implements MigrationInterface {
  name = 'MarkMailedSignUps1764901000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE pending_sign_up ADD COLUMN is_mailed boolean NOT NULL DEFAULT true');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE pending_sign_up DROP COLUMN is_mailed');
  }
}
