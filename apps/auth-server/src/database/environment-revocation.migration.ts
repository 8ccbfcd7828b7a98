import type { MigrationInterface, QueryRunner } from 'typeorm';

/** That all tokens of an environment issued before an instant are refused: after a restore without a journal. */
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
