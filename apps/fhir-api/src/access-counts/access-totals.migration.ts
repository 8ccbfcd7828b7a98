import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Running totals of requests per app and grant and day; `version` grows with each change. */
export class CreateAccessTotals1764000100001 implements MigrationInterface {
  name = 'CreateAccessTotals1764000100001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE access_total (
        id text PRIMARY KEY,
        version integer NOT NULL,
        client_id text NOT NULL,
        grant_id text,
        day date NOT NULL,
        requests bigint NOT NULL,
        errors bigint NOT NULL,
        last_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX access_total_client_day ON access_total (client_id, day)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE access_total');
  }
}
