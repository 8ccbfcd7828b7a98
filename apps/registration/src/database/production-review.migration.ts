import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The form and the history of production requests, the reviewed values of an app, pending changes, and the
 * duties of each member of the platform team.
 */
export class AddProductionReview1764600200000 implements MigrationInterface {
  name = 'AddProductionReview1764600200000';

  async up(runner: QueryRunner): Promise<void> {
    // The previous version writes only the four old statuses, which stay valid.
    await runner.query(
      'ALTER TABLE production_request DROP CONSTRAINT IF EXISTS production_request_status_check',
    );
    await runner.query(`ALTER TABLE production_request ADD COLUMN answers jsonb NOT NULL DEFAULT '{}'`);
    await runner.query('ALTER TABLE production_request ADD COLUMN submitted_at timestamptz');
    await runner.query('ALTER TABLE production_request ADD COLUMN submissions integer NOT NULL DEFAULT 0');
    await runner.query('ALTER TABLE production_request ADD COLUMN reason text');
    await runner.query('ALTER TABLE production_request ADD COLUMN appealed_at timestamptz');
    await runner.query(
      `CREATE INDEX production_request_open ON production_request (status, submitted_at)
       WHERE status IN ('pending', 'changes_requested')`,
    );
    await runner.query(`
      CREATE TABLE production_request_entry (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        request_id uuid NOT NULL REFERENCES production_request,
        at timestamptz NOT NULL DEFAULT clock_timestamp(),
        actor_role text NOT NULL,
        actor_name text NOT NULL,
        actor text NOT NULL,
        kind text NOT NULL,
        text text,
        detail jsonb NOT NULL DEFAULT '{}'
      )`);
    await runner.query(
      'CREATE INDEX production_request_entry_request ON production_request_entry (request_id, id)',
    );
    await runner.query('ALTER TABLE app ADD COLUMN reviewed jsonb');
    await runner.query('ALTER TABLE app ADD COLUMN attested_at timestamptz');
    await runner.query(`
      CREATE TABLE app_change (
        id uuid PRIMARY KEY,
        client_id text NOT NULL REFERENCES app,
        status text NOT NULL,
        changes jsonb NOT NULL,
        note text,
        reason text,
        decided_by text,
        created_at timestamptz NOT NULL DEFAULT now(),
        decided_at timestamptz,
        closed_at timestamptz
      )`);
    await runner.query(
      "CREATE UNIQUE INDEX app_change_pending ON app_change (client_id) WHERE status = 'pending'",
    );
    await runner.query('CREATE INDEX app_change_app ON app_change (client_id, created_at DESC)');
    await runner.query(`ALTER TABLE account ADD COLUMN team_roles text[] NOT NULL DEFAULT '{}'`);
    await runner.query('ALTER TABLE account ADD COLUMN ended_at timestamptz');
    await runner.query(`
      UPDATE account SET team_roles = '{reviewer,support,auditor,administrator}' WHERE role = 'platform'`);
    await runner.query('CREATE INDEX access_total_day ON access_total (environment, day)');
    await runner.query('CREATE INDEX app_request_time ON app_request (environment, at)');
    await runner.query(`
      CREATE TABLE team_identity (
        issuer text NOT NULL,
        subject text NOT NULL,
        account_id uuid NOT NULL REFERENCES account,
        PRIMARY KEY (issuer, subject)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX app_request_time, access_total_day');
    await runner.query('DROP TABLE team_identity, app_change, production_request_entry');
    await runner.query('ALTER TABLE account DROP COLUMN ended_at, DROP COLUMN team_roles');
    await runner.query('ALTER TABLE app DROP COLUMN attested_at, DROP COLUMN reviewed');
    await runner.query('DROP INDEX production_request_open');
    await runner.query(`
      ALTER TABLE production_request DROP COLUMN appealed_at, DROP COLUMN reason, DROP COLUMN submissions,
        DROP COLUMN submitted_at, DROP COLUMN answers`);
  }
}
