import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The software statement with which a program registered an app (RFC 7591 §2.3). Null without one. */
export class AddSoftwareStatement1764900300000 implements MigrationInterface {
  name = 'AddSoftwareStatement1764900300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE app ADD COLUMN software_statement text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE app DROP COLUMN software_statement');
  }
}
