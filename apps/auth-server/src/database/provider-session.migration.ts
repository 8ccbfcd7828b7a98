import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The sessions at sign-in providers. A sign-out here ends the session there, and the other way round. */
export class CreateProviderSession1764800600000 implements MigrationInterface {
  name = 'CreateProviderSession1764800600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE provider_session (
        token_sha256 text PRIMARY KEY,
        environment text NOT NULL,
        provider text NOT NULL,
        sub text NOT NULL,
        subject text NOT NULL,
        sid text,
        sealed_id_token text NOT NULL,
        expires_at timestamptz NOT NULL
      )`);
    await runner.query(
      'CREATE INDEX provider_session_subject ON provider_session (environment, provider, subject)',
    );
    await runner.query('CREATE INDEX provider_session_sid ON provider_session (environment, provider, sid)');
    await runner.query('CREATE INDEX provider_session_expiry ON provider_session (expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE provider_session');
  }
}
