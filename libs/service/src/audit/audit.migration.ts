import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Refuses changes of the table it is a trigger of, also by who owns the table. */
export const refuseChangesFunction = `
  CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
  END $$`;

/** The service's audit trail: rows are added and never changed or removed. */
export class CreateAuditTrail1764000000006 implements MigrationInterface {
  name = 'CreateAuditTrail1764000000006';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit_entry (
        id uuid PRIMARY KEY,
        at timestamptz NOT NULL,
        service text NOT NULL,
        action text NOT NULL,
        actor_role text NOT NULL,
        actor text,
        environment text,
        client_id text,
        grant_id text,
        sub text,
        request_id text,
        trace_id text,
        detail jsonb NOT NULL
      )`);
    await runner.query('CREATE INDEX audit_entry_at ON audit_entry (at DESC, id DESC)');
    for (const column of ['client_id', 'grant_id', 'actor', 'sub'])
      await runner.query(
        `CREATE INDEX audit_entry_${column} ON audit_entry (${column}, at DESC, id DESC) WHERE ${column} IS NOT NULL`,
      );
    await runner.query(refuseChangesFunction);
    await runner.query(`
      CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit_entry');
    await runner.query('DROP FUNCTION refuse_audit_change');
  }
}
