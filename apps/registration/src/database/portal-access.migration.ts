import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The portal's own redirect URI and secret of each app, and the runs of "Try it". */
export class AddPortalAccess1764400100000 implements MigrationInterface {
  name = 'AddPortalAccess1764400100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE app ADD COLUMN portal_redirect_uri text');
    await runner.query('ALTER TABLE app ADD COLUMN portal_secret_sha256 text');
    await runner.query(`
      CREATE TABLE try_it_run (
        id uuid PRIMARY KEY,
        client_id text NOT NULL REFERENCES app,
        visitor_sha256 text NOT NULL,
        sealed text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE INDEX try_it_run_age ON try_it_run (created_at)');
    await runner.query('CREATE INDEX try_it_run_app ON try_it_run (client_id, created_at DESC)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE try_it_run');
    await runner.query('ALTER TABLE app DROP COLUMN portal_redirect_uri');
    await runner.query('ALTER TABLE app DROP COLUMN portal_secret_sha256');
  }
}
