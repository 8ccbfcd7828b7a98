import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Records that an environment refuses all tokens issued before an instant. A restore without a journal writes
 * it.
 */
export class CreateEnvironmentRevocation1764260300000 implements MigrationInterface {
  name = 'CreateEnvironmentRevocation1764260300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE environment_revocation (
        environment text PRIMARY KEY,
        issued_before timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        changed_by xid8 NOT NULL DEFAULT pg_current_xact_id()
      )`);
    await runner.query(
      'CREATE TRIGGER environment_revocation_changed BEFORE UPDATE ON environment_revocation FOR EACH ROW EXECUTE FUNCTION mark_changed()',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE environment_revocation');
  }
}
