import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Copies of logos by the SHA-256 of their address. `app_logo` has the address itself as its key, and a key of
 * more than 2,704 bytes cannot be stored. The version before still reads and writes `app_logo`.
 */
export class CreateLogoCopy1764913200000 implements MigrationInterface {
  name = 'CreateLogoCopy1764913200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE logo_copy (
        uri_sha256 text PRIMARY KEY,
        content_type text,
        bytes bytea,
        next_fetch timestamptz NOT NULL
      )`);
    await runner.query(`
      INSERT INTO logo_copy (uri_sha256, content_type, bytes, next_fetch)
      SELECT encode(sha256(convert_to(logo_uri, 'UTF8')), 'hex'), content_type, bytes, next_fetch FROM app_logo`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE logo_copy');
  }
}
