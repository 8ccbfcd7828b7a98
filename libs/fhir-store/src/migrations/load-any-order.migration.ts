import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the loader needs to take resources in any order and to delete them. Nothing that serves requests reads these tables, so the previous version
 * may serve meanwhile.
 */
export class LoadAnyOrder1764000000200 implements MigrationInterface {
  name = 'LoadAnyOrder1764000000200';

  async up(runner: QueryRunner): Promise<void> {
    // Resources of members of which it is not known yet whose they are: what they refer to has not been loaded.
    await runner.query('CREATE TABLE waiting_resource (LIKE shared_resource, PRIMARY KEY (type, id))');
    // What the owner of a resource follows that names no patient itself, such as a Provenance: the owners of its targets.
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
