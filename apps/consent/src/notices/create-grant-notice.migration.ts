import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Notices to members about their grants: one row for each event of a grant, until it is handed over. */
export class CreateGrantNotice1764800600001 implements MigrationInterface {
  name = 'CreateGrantNotice1764800600001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE grant_notice (
        grant_id text NOT NULL,
        kind text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz DEFAULT now(),
        PRIMARY KEY (grant_id, kind)
      )`);
    // Null: the notice is not for delivery, because it was handed over or given up.
    await runner.query(
      'CREATE INDEX grant_notice_due ON grant_notice (next_attempt_at) WHERE next_attempt_at IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE grant_notice');
  }
}
