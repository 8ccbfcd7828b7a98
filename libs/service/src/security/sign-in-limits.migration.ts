import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Addresses from which an account has signed in before, and an index by which old attempts are removed. */
export class CreateKnownAddresses1764300000001 implements MigrationInterface {
  name = 'CreateKnownAddresses1764300000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE known_address (
        key text PRIMARY KEY,
        last_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX known_address_age ON known_address (last_at)');
    await runner.query('CREATE INDEX attempt_window ON attempt (window_ends_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX attempt_window');
    await runner.query('DROP TABLE known_address');
  }
}
