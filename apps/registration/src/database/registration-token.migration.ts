import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The registration access token of an app (RFC 7592), as its hash. Null for an app of the portal. */
export class AddRegistrationToken1764800500000 implements MigrationInterface {
  name = 'AddRegistrationToken1764800500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE app ADD COLUMN registration_token_sha256 text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE app DROP COLUMN registration_token_sha256');
  }
}
