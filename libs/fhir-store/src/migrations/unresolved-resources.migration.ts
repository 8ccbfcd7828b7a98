import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Resources that wait until a conditional reference of theirs matches a stored resource. */
export class KeepUnresolvedResources1764000000500 implements MigrationInterface {
  name = 'KeepUnresolvedResources1764000000500';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE unresolved_resource (
        type text NOT NULL,
        id text NOT NULL,
        place text NOT NULL,
        body text NOT NULL,
        conditions text[] NOT NULL,
        loaded_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (type, id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE unresolved_resource');
  }
}
