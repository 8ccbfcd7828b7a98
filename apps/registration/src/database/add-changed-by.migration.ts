import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Marks each change of an app with its transaction, for the feed of facts. */
export class AddChangedBy1764200100000 implements MigrationInterface {
  name = 'AddChangedBy1764200100000';

  async up(runner: QueryRunner): Promise<void> {
    // A constant first: no row has to be rewritten.
    await runner.query(`ALTER TABLE app ADD COLUMN changed_by xid8 NOT NULL DEFAULT '1'`);
    await runner.query('ALTER TABLE app ALTER COLUMN changed_by SET DEFAULT pg_current_xact_id()');
    await runner.query(
      'CREATE TRIGGER app_changed BEFORE UPDATE ON app FOR EACH ROW EXECUTE FUNCTION mark_changed()',
    );
    await runner.query('CREATE INDEX app_changed_by ON app (changed_by, client_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER app_changed ON app');
    await runner.query('ALTER TABLE app DROP COLUMN changed_by');
  }
}
