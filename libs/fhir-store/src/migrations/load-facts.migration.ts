import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Facts that loads keep beside resources. `data_freshness` has the time of the newest data of each kind.
 * `unnamed_reference` has the references of claims whose target is not in the store yet, so that the name of
 * the target is written into the claim when the target arrives. Both tables are new, and the previous version
 * serves meanwhile.
 */
export class KeepLoadFacts1764000000710 implements MigrationInterface {
  name = 'KeepLoadFacts1764000000710';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE data_freshness (
        kind text PRIMARY KEY,
        newest timestamptz,
        complete_to timestamptz,
        loaded_at timestamptz NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE unnamed_reference (
        target text NOT NULL,
        type text NOT NULL,
        id text NOT NULL,
        PRIMARY KEY (target, type, id)
      )`);
    await runner.query('CREATE INDEX unnamed_reference_owner ON unnamed_reference (type, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE unnamed_reference');
    await runner.query('DROP TABLE data_freshness');
  }
}
