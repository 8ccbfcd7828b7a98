import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Links to a new password, mails, and the configured password that a platform account was last given. */
export class AddPasswordResets1764300100000 implements MigrationInterface {
  name = 'AddPasswordResets1764300100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE account ADD COLUMN configured_password_hash text');
    await runner.query(`
      CREATE TABLE password_reset (
        token_sha256 text PRIMARY KEY,
        account_id uuid NOT NULL REFERENCES account,
        expires_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX password_reset_account ON password_reset (account_id)');
    await runner.query(`
      CREATE TABLE mail (
        id uuid PRIMARY KEY,
        recipient text NOT NULL,
        subject text NOT NULL,
        text text NOT NULL,
        links jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE INDEX mail_recipient ON mail (lower(recipient), created_at DESC)');
    await runner.query('CREATE INDEX mail_age ON mail (created_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE mail, password_reset');
    await runner.query('ALTER TABLE account DROP COLUMN configured_password_hash');
  }
}
