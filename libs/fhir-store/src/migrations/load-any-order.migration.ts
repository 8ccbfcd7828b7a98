import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Tables with which the loader takes resources in any order and deletes them. No request reads these tables,
 * so the previous version may serve meanwhile.
 */
export class LoadAnyOrder1764000000200 implements MigrationInterface {
  name = 'LoadAnyOrder1764000000200';

  async up(runner: QueryRunner): Promise<void> {
    // Resources whose owner is not known yet, because the resources that they reference have not been loaded.
    await runner.query('CREATE TABLE waiting_resource (LIKE shared_resource, PRIMARY KEY (type, id))');
    // The references from which a resource without a patient, such as a Provenance, gets its owners.
    await runner.query(`
      CREATE TABLE owner_reference (
        target_type text NOT NULL,
        target_id text NOT NULL,
        type text NOT NULL,
        id text NOT NULL,
        PRIMARY KEY (target_type, target_id, type, id)
      )`);
    await runner.query('CREATE INDEX owner_reference_of ON owner_reference (type, id)');
    // The last version of what was deleted, so that no version is given twice.
    await runner.query(`
      CREATE TABLE deleted_resource (
        type text NOT NULL,
        id text NOT NULL,
        version integer NOT NULL,
        PRIMARY KEY (type, id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['deleted_resource', 'owner_reference', 'waiting_resource'])
      await runner.query(`DROP TABLE ${table}`);
  }
}
