import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Grants, questions that wait for an answer, when grants were last used, and what happened. */
export class CreateConsent1764000200000 implements MigrationInterface {
  name = 'CreateConsent1764000200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE app_grant (
        grant_id text PRIMARY KEY,
        version integer NOT NULL,
        environment text NOT NULL,
        sub text NOT NULL,
        patient text NOT NULL,
        client_id text NOT NULL,
        client_name text NOT NULL,
        organization text,
        logo_uri text,
        scope text NOT NULL,
        status text NOT NULL CHECK (status IN ('active', 'revoked')),
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        revoked_at timestamptz,
        revoked_reason text
      )`);
    await runner.query('CREATE INDEX app_grant_member ON app_grant (environment, sub)');
    await runner.query("CREATE INDEX app_grant_expiry ON app_grant (expires_at) WHERE status = 'active'");
    await runner.query("CREATE INDEX app_grant_client ON app_grant (client_id) WHERE status = 'active'");
    await runner.query(`
      CREATE TABLE pending_consent (
        id text PRIMARY KEY,
        environment text NOT NULL,
        sub text NOT NULL,
        request jsonb NOT NULL,
        expires_at timestamptz NOT NULL,
        decision text
      )`);
    await runner.query('CREATE INDEX pending_consent_expiry ON pending_consent (expires_at)');
    await runner.query(`
      CREATE TABLE grant_use (
        id text PRIMARY KEY,
        version bigint NOT NULL,
        grant_id text NOT NULL,
        last_at timestamptz NOT NULL,
        requests bigint NOT NULL
      )`);
    await runner.query('CREATE INDEX grant_use_grant ON grant_use (grant_id)');
    await runner.query(`
      CREATE TABLE audit (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL DEFAULT now(),
        action text NOT NULL,
        environment text NOT NULL,
        sub text NOT NULL,
        client_id text NOT NULL,
        grant_id text,
        detail text
      )`);
    await runner.query('CREATE INDEX audit_member ON audit (environment, sub, at)');
    await runner.query(
      'CREATE TABLE heartbeat (only_row boolean PRIMARY KEY DEFAULT true, at timestamptz NOT NULL)',
    );
    await runner.query("INSERT INTO heartbeat (at) VALUES ('epoch')");
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['heartbeat', 'audit', 'grant_use', 'pending_consent', 'app_grant'])
      await runner.query(`DROP TABLE ${table}`);
  }
}
