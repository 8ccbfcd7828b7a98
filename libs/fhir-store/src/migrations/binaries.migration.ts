import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Binaries, apart from the other resources: they are large, nobody searches for them, and their content is
 * served without JSON around it. The content is kept decoded and in parts, so that it can be streamed.
 */
export class StoreBinaries1764000000501 implements MigrationInterface {
  name = 'StoreBinaries1764000000501';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE binary_resource (
        id text PRIMARY KEY,
        version integer NOT NULL,
        last_updated timestamptz NOT NULL,
        sha256 text NOT NULL,
        content_type text NOT NULL,
        size integer NOT NULL,
        security_context text,
        labels text[] NOT NULL,
        json text NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE binary_part (
        id text NOT NULL,
        part integer NOT NULL,
        content bytea NOT NULL,
        PRIMARY KEY (id, part)
      )`);
    // Documents are compressed already, most of them.
    await runner.query('ALTER TABLE binary_part ALTER COLUMN content SET STORAGE EXTERNAL');
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['binary_part', 'binary_resource']) await runner.query(`DROP TABLE ${table}`);
  }
}
