import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The history of access: when which app had access to which patient, as consent publishes its grants, ids
 * only. The indexes serve the platform team's questions. The index by time is over an expression, so that no
 * question about one member or app scans it.
 */
export class CreateAccessHistory1764100000010 implements MigrationInterface {
  name = 'CreateAccessHistory1764100000010';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE grant_history (
        grant_id text PRIMARY KEY,
        version integer NOT NULL,
        environment text NOT NULL,
        sub text NOT NULL,
        patient text NOT NULL,
        client_id text NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        revoked_at timestamptz,
        revoked_reason text
      )`);
    await runner.query('CREATE INDEX grant_history_patient ON grant_history (environment, patient)');
    await runner.query('CREATE INDEX grant_history_sub ON grant_history (environment, sub)');
    await runner.query(
      'CREATE INDEX access_total_grant ON access_total (grant_id, day) WHERE grant_id IS NOT NULL',
    );
    await runner.query('CREATE INDEX audit_entry_action ON audit_entry (action, at DESC, id DESC)');
    await runner.query(
      `CREATE INDEX audit_entry_time ON audit_entry ((at AT TIME ZONE 'UTC') DESC, id DESC)`,
    );
    await runner.query('DROP INDEX audit_entry_at');
    await runner.query('CREATE INDEX app_client_name ON app (lower(client_name))');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX app_client_name');
    await runner.query('CREATE INDEX audit_entry_at ON audit_entry (at DESC, id DESC)');
    await runner.query('DROP INDEX audit_entry_time, audit_entry_action, access_total_grant');
    await runner.query('DROP TABLE grant_history');
  }
}
