import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Delivery of mails by SMTP, and the confirmation of an account's email address. */
export class AddMailDelivery1764700200000 implements MigrationInterface {
  name = 'AddMailDelivery1764700200000';

  async up(runner: QueryRunner): Promise<void> {
    // Null: the mail is not for delivery, because it was sent, given up, or written without an SMTP server.
    await runner.query('ALTER TABLE mail ADD COLUMN next_attempt_at timestamptz');
    await runner.query('ALTER TABLE mail ADD COLUMN attempts integer NOT NULL DEFAULT 0');
    await runner.query('CREATE INDEX mail_due ON mail (next_attempt_at) WHERE next_attempt_at IS NOT NULL');
    await runner.query('ALTER TABLE account ADD COLUMN email_confirmed_at timestamptz');
    await runner.query(`
      CREATE TABLE email_confirmation (
        token_sha256 text PRIMARY KEY,
        account_id uuid NOT NULL REFERENCES account,
        expires_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX email_confirmation_account ON email_confirmation (account_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE email_confirmation');
    await runner.query('ALTER TABLE account DROP COLUMN email_confirmed_at');
    await runner.query('DROP INDEX mail_due');
    await runner.query('ALTER TABLE mail DROP COLUMN attempts, DROP COLUMN next_attempt_at');
  }
}
