import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Switches of an app: pushed authorization requests (RFC 9126), and tokens bound to a key (RFC 9449). */
export class AddSecuritySwitches1764800400000 implements MigrationInterface {
  name = 'AddSecuritySwitches1764800400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE app
        ADD COLUMN require_pushed_authorization_requests boolean NOT NULL DEFAULT false,
        ADD COLUMN dpop_bound_access_tokens boolean NOT NULL DEFAULT false`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE app DROP COLUMN require_pushed_authorization_requests, DROP COLUMN dpop_bound_access_tokens',
    );
  }
}
