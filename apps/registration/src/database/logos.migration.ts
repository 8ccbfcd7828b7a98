import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Uploaded logos of apps, as PNG, and the address at which the portal serves the logo. */
export class AddLogos1764800300000 implements MigrationInterface {
  name = 'AddLogos1764800300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE app_logo (
        client_id text PRIMARY KEY REFERENCES app,
        digest text NOT NULL,
        png bytea NOT NULL,
        uploaded_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query('ALTER TABLE app ADD COLUMN uploaded_logo_uri text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE app DROP COLUMN uploaded_logo_uri');
    await runner.query('DROP TABLE app_logo');
  }
}
