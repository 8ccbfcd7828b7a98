import type { MigrationInterface, QueryRunner } from 'typeorm';

/** All that the feed of revocations says of a token or a grant, and the transaction that wrote it. */
export class AddRevocationFacts1764200300000 implements MigrationInterface {
  name = 'AddRevocationFacts1764200300000';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of ['revoked_token', 'ended_grant']) {
      await runner.query(`ALTER TABLE ${table} ADD COLUMN changed_by xid8 NOT NULL DEFAULT '1'`);
      await runner.query(`ALTER TABLE ${table} ALTER COLUMN changed_by SET DEFAULT pg_current_xact_id()`);
      await runner.query(`ALTER TABLE ${table} ADD COLUMN client_id text`);
      await runner.query(
        `CREATE TRIGGER ${table}_changed BEFORE UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION mark_changed()`,
      );
    }
    await runner.query('ALTER TABLE revoked_token ADD COLUMN environment text, ADD COLUMN grant_id text');
    await runner.query(`ALTER TABLE revoked_token ADD COLUMN revoked_at timestamptz NOT NULL DEFAULT now()`);
    // Null where consent ended the grant: then the fact is consent's.
    await runner.query('ALTER TABLE ended_grant ADD COLUMN reason text');
    await runner.query('CREATE INDEX revoked_token_changed_by ON revoked_token (changed_by, jti)');
    await runner.query(
      'CREATE INDEX ended_grant_changed_by ON ended_grant (changed_by, grant_id) WHERE reason IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['revoked_token', 'ended_grant']) {
      await runner.query(`DROP TRIGGER ${table}_changed ON ${table}`);
      await runner.query(`ALTER TABLE ${table} DROP COLUMN changed_by, DROP COLUMN client_id`);
    }
    await runner.query(
      'ALTER TABLE revoked_token DROP COLUMN environment, DROP COLUMN grant_id, DROP COLUMN revoked_at',
    );
    await runner.query('ALTER TABLE ended_grant DROP COLUMN reason');
  }
}
