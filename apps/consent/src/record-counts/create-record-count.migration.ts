import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How many records of each type a member has, as fhir-api last published it. */
export class CreateRecordCount1764341000001 implements MigrationInterface {
  name = 'CreateRecordCount1764341000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE record_count (
        environment text NOT NULL,
        patient text NOT NULL,
        version bigint NOT NULL,
        counts jsonb NOT NULL,
        PRIMARY KEY (environment, patient)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE record_count');
  }
}
