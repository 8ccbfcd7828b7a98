import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The second factor of a member: a sealed TOTP secret, and hashes of the unused recovery codes. The time step
 * of the last accepted code makes each code valid once.
 */
export class CreateSecondFactor1764800700000 implements MigrationInterface {
  name = 'CreateSecondFactor1764800700000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE second_factor (
        environment text NOT NULL,
        sub text NOT NULL,
        sealed_secret text NOT NULL,
        last_step bigint NOT NULL DEFAULT 0,
        recovery_codes text[] NOT NULL,
        added_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (environment, sub),
        FOREIGN KEY (environment, sub) REFERENCES member (environment, sub) ON DELETE CASCADE
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE second_factor');
  }
}
