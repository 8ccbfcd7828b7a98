import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Marks members whose password hash came along with an import. The index finds out whether an environment has
 * such a member, and is empty once all of them have signed in.
 */
export class AddImportedPassword1764900100000 implements MigrationInterface {
  name = 'AddImportedPassword1764900100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE member ADD COLUMN has_imported_hash boolean NOT NULL DEFAULT false');
    await runner.query('CREATE INDEX member_imported_hash ON member (environment) WHERE has_imported_hash');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX member_imported_hash');
    await runner.query('ALTER TABLE member DROP COLUMN has_imported_hash');
  }
}
