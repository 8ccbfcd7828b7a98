import type { MigrationInterface, QueryRunner } from 'typeorm';

const referencesOf = (rows: string) => `
  SELECT r.type, (hashtextextended(token, 0) & 9007199254740991), r.id
  FROM ${rows} r CROSS JOIN unnest(r.tokens) AS t (token) WHERE token ~ '^[0-9]+>'`;

/** The rows that a statement's trigger sees. */
const seen = {
  INSERT: 'NEW TABLE AS after',
  DELETE: 'OLD TABLE AS before',
  UPDATE: 'OLD TABLE AS before NEW TABLE AS after',
};

/**
 * Makes a table of the references of shared resources, in order of their keys, for chains. The index over all
 * keys takes ten times as long to find the resources that reference one of thousands. Triggers maintain the
 * table, once per statement.
 */
export class CreateSharedReferences1764000000301 implements MigrationInterface {
  name = 'CreateSharedReferences1764000000301';

  async up(runner: QueryRunner): Promise<void> {
    // Rows that a loader wrote between filling the table and creating the triggers would be missing. Reading
    // goes on.
    await runner.query('LOCK TABLE shared_resource IN SHARE ROW EXCLUSIVE MODE');
    await runner.query(
      'CREATE TABLE shared_reference (type text NOT NULL, key bigint NOT NULL, id text NOT NULL)',
    );
    await runner.query(`INSERT INTO shared_reference (type, key, id) ${referencesOf('shared_resource')}`);
    // The id comes along, so that the index alone answers.
    await runner.query('CREATE INDEX shared_reference_found ON shared_reference (type, key, id)');
    await runner.query(`
      CREATE FUNCTION keep_shared_references() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP <> 'INSERT' THEN
          DELETE FROM shared_reference s USING (${referencesOf('before')}) AS b (type, key, id)
          WHERE s.type = b.type AND s.key = b.key AND s.id = b.id;
        END IF;
        IF TG_OP <> 'DELETE' THEN
          INSERT INTO shared_reference (type, key, id) ${referencesOf('after')};
        END IF;
        RETURN NULL;
      END $$`);
    for (const [operation, tables] of Object.entries(seen))
      await runner.query(`
        CREATE TRIGGER keep_references_on_${operation.toLowerCase()} AFTER ${operation} ON shared_resource
        REFERENCING ${tables} FOR EACH STATEMENT EXECUTE FUNCTION keep_shared_references()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION keep_shared_references CASCADE');
    await runner.query('DROP TABLE shared_reference');
  }
}
