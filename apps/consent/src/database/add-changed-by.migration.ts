import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Marks each change of a grant with its transaction, for the feed of ended grants. */
export class AddChangedBy1764200200000 implements MigrationInterface {
  name = 'AddChangedBy1764200200000';

  async up(runner: QueryRunner): Promise<void> {
    // A constant first: no row has to be rewritten.
    await runner.query(`ALTER TABLE app_grant ADD COLUMN changed_by xid8 NOT NULL DEFAULT '1'`);
    await runner.query('ALTER TABLE app_grant ALTER COLUMN changed_by SET DEFAULT pg_current_xact_id()');
    await runner.query(
      'CREATE TRIGGER app_grant_changed BEFORE UPDATE ON app_grant FOR EACH ROW EXECUTE FUNCTION mark_changed()',
    );
    await runner.query(
      "CREATE INDEX app_grant_changed_by ON app_grant (changed_by, grant_id) WHERE status = 'revoked'",
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER app_grant_changed ON app_grant');
    await runner.query('ALTER TABLE app_grant DROP COLUMN changed_by');
  }
}
