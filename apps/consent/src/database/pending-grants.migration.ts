import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A grant is `pending` from the member's yes until auth-server has taken the decision. The old check knew two
 * statuses. The previous version makes grants active at once, and this one leaves them active.
 */
export class AddPendingGrants1764300200000 implements MigrationInterface {
  name = 'AddPendingGrants1764300200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE app_grant DROP CONSTRAINT app_grant_status_check');
    await runner.query('ALTER TABLE app_grant ADD COLUMN confirm_by timestamptz');
    await runner.query('ALTER TABLE app_grant ADD COLUMN confirmed_at timestamptz');
    await runner.query("CREATE INDEX app_grant_pending ON app_grant (client_id) WHERE status = 'pending'");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX app_grant_pending');
    await runner.query('ALTER TABLE app_grant DROP COLUMN confirm_by, DROP COLUMN confirmed_at');
    await runner.query(
      "ALTER TABLE app_grant ADD CONSTRAINT app_grant_status_check CHECK (status IN ('active', 'revoked')) NOT VALID",
    );
  }
}
