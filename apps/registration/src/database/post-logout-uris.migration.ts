import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Addresses to which a sign-out that an app begins may return (OpenID Connect RP-Initiated Logout 1.0). */
export class AddPostLogoutUris1764900200000 implements MigrationInterface {
  name = 'AddPostLogoutUris1764900200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE app ADD COLUMN post_logout_redirect_uris text[] NOT NULL DEFAULT '{}'");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE app DROP COLUMN post_logout_redirect_uris');
  }
}
