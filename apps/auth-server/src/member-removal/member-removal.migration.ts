import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The members whose removal has begun, until it is complete in every service, so that it can continue after a
 * crash.
 */
export class CreateMemberRemoval1764801000000 implements MigrationInterface {
  name = 'CreateMemberRemoval1764801000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE member_removal (
        environment text NOT NULL,
        sub text NOT NULL,
        patient text,
        member_number text NOT NULL,
        began_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (environment, sub)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE member_removal');
  }
}
