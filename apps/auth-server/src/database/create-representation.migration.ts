import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The patients for whom a member may act beside their own records. A carer has no records here, so `patient`
 * of a member may be null.
 */
export class CreateRepresentation1764342100000 implements MigrationInterface {
  name = 'CreateRepresentation1764342100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE member ALTER COLUMN patient DROP NOT NULL');
    await runner.query(`
      CREATE TABLE representation (
        environment text NOT NULL,
        sub text NOT NULL,
        patient text NOT NULL,
        patient_name text NOT NULL,
        related_person text NOT NULL,
        relationship text NOT NULL,
        ends_at timestamptz,
        PRIMARY KEY (environment, sub, patient),
        FOREIGN KEY (environment, sub) REFERENCES member (environment, sub) ON DELETE CASCADE
      )`);
    await runner.query('CREATE INDEX representation_end ON representation (ends_at)');
    await runner.query('CREATE INDEX representation_patient ON representation (environment, patient)');
    await runner.query(
      `CREATE INDEX oidc_artifact_account ON oidc_artifact (environment, (payload->>'accountId'))
       WHERE model = 'Grant'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX oidc_artifact_account');
    await runner.query('DROP TABLE representation');
    await runner.query('DELETE FROM member WHERE patient IS NULL');
    await runner.query('ALTER TABLE member ALTER COLUMN patient SET NOT NULL');
  }
}
