import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Sign-ups that wait for the link of their mail, and become accounts with it. */
export class AddPendingSignUps1764900500000 implements MigrationInterface {
  name = 'AddPendingSignUps1764900500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE pending_sign_up (
        token_sha256 text PRIMARY KEY,
        account_id uuid NOT NULL,
        name text NOT NULL,
        organization text NOT NULL,
        email text NOT NULL,
        password_hash text NOT NULL,
        next_page text,
        expires_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX pending_sign_up_email ON pending_sign_up (lower(email))');
    await runner.query('CREATE INDEX pending_sign_up_end ON pending_sign_up (expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE pending_sign_up');
  }
}
