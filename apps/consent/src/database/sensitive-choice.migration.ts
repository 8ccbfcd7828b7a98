import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The sensitive kinds of data that the member opened to the app. Earlier grants open none. */
export class AddSensitiveChoice1764341000003 implements MigrationInterface {
  name = 'AddSensitiveChoice1764341000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE app_grant ADD COLUMN sensitive text[] NOT NULL DEFAULT '{}'");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE app_grant DROP COLUMN sensitive');
  }
}
