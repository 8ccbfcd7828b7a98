import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * `agreed_to` holds the facts about the app that the member read before a yes. A later request with the same
 * facts needs no second question. Null: the member is asked.
 */
export class AddAgreedTo1764341000000 implements MigrationInterface {
  name = 'AddAgreedTo1764341000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE app_grant ADD COLUMN agreed_to jsonb');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE app_grant DROP COLUMN agreed_to');
  }
}
