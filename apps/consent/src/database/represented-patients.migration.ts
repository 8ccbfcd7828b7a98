import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Records which member gave a grant for which patient. The new columns are null for a member's own records.
 * `ended_by` is the member who ended a grant. It is null when the member of the grant ended it, or no member
 * did.
 */
export class AddRepresentedPatients1764342200000 implements MigrationInterface {
  name = 'AddRepresentedPatients1764342200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE app_grant
        ADD COLUMN related_person text,
        ADD COLUMN relationship text,
        ADD COLUMN patient_name text,
        ADD COLUMN given_by_name text,
        ADD COLUMN right_ends_at timestamptz,
        ADD COLUMN ended_by text`);
    await runner.query(
      'CREATE INDEX app_grant_represented ON app_grant (environment, patient) WHERE related_person IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX app_grant_represented');
    for (const column of [
      'related_person',
      'relationship',
      'patient_name',
      'given_by_name',
      'right_ends_at',
      'ended_by',
    ])
      await runner.query(`ALTER TABLE app_grant DROP COLUMN ${column}`);
  }
}
