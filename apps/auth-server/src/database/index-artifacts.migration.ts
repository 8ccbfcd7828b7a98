import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Each index of the engine's artifacts begins with a value that few rows share. PostgreSQL keeps the plan of
 * a prepared statement until the table has statistics. Before that, an index that began with the environment
 * looked as good as the right one, and each refresh read the rows of all earlier ones.
 *
 * A used token is marked once: the free space of a page takes the marked version, so the indexes stay as they
 * are.
 */
export class IndexArtifacts1764912000000 implements MigrationInterface {
  name = 'IndexArtifacts1764912000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [
      'CREATE UNIQUE INDEX oidc_artifact_id ON oidc_artifact (id_sha256, model, environment)',
      'CREATE INDEX oidc_artifact_grant_id ON oidc_artifact (grant_id, environment) WHERE grant_id IS NOT NULL',
      "CREATE INDEX oidc_artifact_held ON oidc_artifact (grant_id, environment) WHERE model = 'Grant'",
      `CREATE INDEX oidc_artifact_account_id ON oidc_artifact ((payload->>'accountId'), environment)
       WHERE model = 'Grant'`,
      'CREATE INDEX oidc_artifact_session ON oidc_artifact (uid, model, environment) WHERE uid IS NOT NULL',
      'ALTER TABLE oidc_artifact SET (fillfactor = 80)',
      'DROP INDEX oidc_artifact_grant, oidc_artifact_account, oidc_artifact_uid',
      `ALTER TABLE oidc_artifact DROP CONSTRAINT oidc_artifact_pkey,
         ADD CONSTRAINT oidc_artifact_pkey PRIMARY KEY USING INDEX oidc_artifact_id`,
    ])
      await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of [
      'ALTER TABLE oidc_artifact DROP CONSTRAINT oidc_artifact_pkey, ADD PRIMARY KEY (environment, model, id_sha256)',
      'ALTER TABLE oidc_artifact RESET (fillfactor)',
      'CREATE INDEX oidc_artifact_grant ON oidc_artifact (environment, grant_id)',
      'CREATE INDEX oidc_artifact_uid ON oidc_artifact (environment, model, uid)',
      `CREATE INDEX oidc_artifact_account ON oidc_artifact (environment, (payload->>'accountId')) WHERE model = 'Grant'`,
      `DROP INDEX oidc_artifact_grant_id, oidc_artifact_held, oidc_artifact_account_id, oidc_artifact_session`,
    ])
      await runner.query(statement);
  }
}
