import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The rows that a statement's trigger sees. */
const seen = {
  INSERT: 'NEW TABLE AS after',
  DELETE: 'OLD TABLE AS before',
  UPDATE: 'OLD TABLE AS before NEW TABLE AS after',
};

/**
 * Makes a table of the strings of shared resources, in order, so that a search finds the strings that begin
 * with a text without reading every resource. For a name it also has the text from each further word on.
 * Triggers maintain the table, once per statement.
 */
export class CreateSharedStrings1764000000102 implements MigrationInterface {
  name = 'CreateSharedStrings1764000000102';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE shared_string (
        type text NOT NULL,
        param smallint NOT NULL,
        folded text COLLATE "C" NOT NULL,
        id text NOT NULL
      )`);
    await runner.query(`
      CREATE OR REPLACE FUNCTION strings_to_find(type text, params smallint[], folded text[])
      RETURNS TABLE (param smallint, found text) LANGUAGE sql IMMUTABLE PARALLEL SAFE
      BEGIN ATOMIC
        SELECT DISTINCT s.param, substr(s.value, word.start, 500)
        FROM unnest(params, folded) AS s (param, value)
        CROSS JOIN LATERAL (
          SELECT 1 AS start
          UNION ALL
          SELECT place + 1 FROM generate_series(1, length(s.value)) AS place
          WHERE type || '/' || s.param = ANY ('{Patient/18,Patient/21,Patient/25,RelatedPerson/21,Practitioner/14,Practitioner/16,Practitioner/23}') AND substr(s.value, place, 1) = ' '
        ) AS word;
      END`);
    await runner.query(`
      INSERT INTO shared_string (type, param, folded, id)
      SELECT r.type, s.param, s.found, r.id
      FROM shared_resource r CROSS JOIN strings_to_find(r.type, r.string_param, r.string_folded) AS s`);
    // The id comes along, so that the index alone answers.
    await runner.query('CREATE INDEX shared_string_found ON shared_string (type, param, folded, id)');
    await runner.query('CREATE INDEX shared_string_of ON shared_string (id)');
    await runner.query(`
      CREATE FUNCTION keep_shared_strings() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP <> 'INSERT' THEN
          DELETE FROM shared_string s USING before b WHERE s.id = b.id AND s.type = b.type;
        END IF;
        IF TG_OP <> 'DELETE' THEN
          INSERT INTO shared_string (type, param, folded, id)
          SELECT r.type, s.param, s.found, r.id
          FROM after r CROSS JOIN strings_to_find(r.type, r.string_param, r.string_folded) AS s;
        END IF;
        RETURN NULL;
      END $$`);
    for (const [operation, tables] of Object.entries(seen))
      await runner.query(`
        CREATE TRIGGER keep_strings_on_${operation.toLowerCase()} AFTER ${operation} ON shared_resource
        REFERENCING ${tables} FOR EACH STATEMENT EXECUTE FUNCTION keep_shared_strings()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION keep_shared_strings CASCADE');
    await runner.query('DROP TABLE shared_string');
    await runner.query('DROP FUNCTION strings_to_find');
  }
}
