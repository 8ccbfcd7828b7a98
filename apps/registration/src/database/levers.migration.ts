import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The levers of an app, the lever that caused a request's answer, and an index of the live grants of an app.
 */
export class AddLevers1764800600000 implements MigrationInterface {
  name = 'AddLevers1764800600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE app ADD COLUMN levers jsonb');
    await runner.query('ALTER TABLE app_request ADD COLUMN lever text');
    await runner.query(
      'CREATE INDEX grant_history_app ON grant_history (client_id, created_at DESC) WHERE revoked_at IS NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX grant_history_app');
    await runner.query('ALTER TABLE app_request DROP COLUMN lever');
    await runner.query('ALTER TABLE app DROP COLUMN levers');
  }
}
