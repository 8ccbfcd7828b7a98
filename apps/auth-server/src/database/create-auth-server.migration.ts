import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Members, what oidc-provider keeps, ended grants, revoked tokens. */
export class CreateAuthServer1764000100000 implements MigrationInterface {
  name = 'CreateAuthServer1764000100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE member (
        environment text NOT NULL,
        sub text NOT NULL,
        username text NOT NULL,
        password_hash text NOT NULL,
        patient text NOT NULL,
        name text NOT NULL,
        PRIMARY KEY (environment, sub),
        UNIQUE (environment, username)
      )`);
    await runner.query(`
      CREATE TABLE oidc_artifact (
        environment text NOT NULL,
        model text NOT NULL,
        id_sha256 text NOT NULL,
        payload jsonb NOT NULL,
        grant_id text,
        uid text,
        consumed_at timestamptz,
        expires_at timestamptz,
        PRIMARY KEY (environment, model, id_sha256)
      )`);
    await runner.query('CREATE INDEX oidc_artifact_grant ON oidc_artifact (environment, grant_id)');
    await runner.query('CREATE INDEX oidc_artifact_uid ON oidc_artifact (environment, model, uid)');
    await runner.query('CREATE INDEX oidc_artifact_expiry ON oidc_artifact (expires_at)');
    await runner.query(`
      CREATE TABLE ended_grant (
        grant_id text PRIMARY KEY,
        environment text NOT NULL,
        ended_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE TABLE revoked_token (
        jti text PRIMARY KEY,
        expires_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX revoked_token_expiry ON revoked_token (expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['revoked_token', 'ended_grant', 'oidc_artifact', 'member'])
      await runner.query(`DROP TABLE ${table}`);
  }
}
