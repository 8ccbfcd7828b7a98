import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The rules of search parameters by which the stored resources were indexed. Empty when they are unknown. */
export class RecordIndexedParameters1764000000700 implements MigrationInterface {
  name = 'RecordIndexedParameters1764000000700';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE indexed_parameter (
        type text NOT NULL,
        code text NOT NULL,
        rule text NOT NULL,
        PRIMARY KEY (type, code)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE indexed_parameter');
  }
}
