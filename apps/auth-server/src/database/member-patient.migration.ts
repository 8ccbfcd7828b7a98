import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Finds the members of a patient: the platform team asks by patient id, too. */
export class IndexMemberPatient1764000100020 implements MigrationInterface {
  name = 'IndexMemberPatient1764000100020';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX member_patient ON member (environment, patient)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX member_patient');
  }
}
