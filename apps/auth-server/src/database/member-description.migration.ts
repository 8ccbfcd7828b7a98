import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Age and coverage of a synthetic member, for the member picker of the sandbox. */
export class AddMemberDescription1764911010000 implements MigrationInterface {
  name = 'AddMemberDescription1764911010000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE member ADD COLUMN birth_date date, ADD COLUMN deceased_date date, ADD COLUMN coverage_status text',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE member DROP COLUMN birth_date, DROP COLUMN deceased_date, DROP COLUMN coverage_status',
    );
  }
}
