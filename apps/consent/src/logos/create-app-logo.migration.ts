import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Copies of the logos of apps, by address; without bytes where a logo could not be loaded. */
export class CreateAppLogo1764340200001 implements MigrationInterface {
  name = 'CreateAppLogo1764340200001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE app_logo (
        logo_uri text PRIMARY KEY,
        content_type text,
        bytes bytea,
        next_fetch timestamptz NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE app_logo');
  }
}
