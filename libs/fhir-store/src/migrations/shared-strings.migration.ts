import type { MigrationInterface, QueryRunner } from 'typeorm';
import { definitions, isHumanName } from '../definitions/definitions.js';

const nameParameters = Object.entries(definitions.types).flatMap(([type, { parameters }]) =>
  Object.values(parameters)
    .filter(isHumanName)
    .map(({ number }) => `${type}/${number}`),
);

/** Characters by which strings are told apart: an entry of an index has to fit a third of a page. */
export const longestString = 500;

/** @param searched of how many characters of a person's name `s.value` each word is found */
export const stringsToFind = (searched: string) => `
  CREATE OR REPLACE FUNCTION strings_to_find(type text, params smallint[], folded text[])
  RETURNS TABLE (param smallint, found text) LANGUAGE sql IMMUTABLE PARALLEL SAFE
  BEGIN ATOMIC
    SELECT DISTINCT s.param, substr(s.value, word.start, ${longestString})
    FROM unnest(params, folded) AS s (param, value)
    CROSS JOIN LATERAL (
      SELECT 1 AS start
      UNION ALL
      SELECT place + 1 FROM generate_series(1, ${searched}) AS place
      WHERE type || '/' || s.param = ANY ('{${nameParameters.join(',')}}') AND substr(s.value, place, 1) = ' '
    ) AS word;
  END`;

/** Calls `keep_shared_…()` with the rows of shared resources before and after each statement that changes some. */
export async function keepByTriggers(runner: QueryRunner, what: 'strings' | 'references'): Promise<void> {
  const tables = { INSERT: 'NEW TABLE AS after', DELETE: 'OLD TABLE AS before', UPDATE: '' };
  tables.UPDATE = `${tables.DELETE} ${tables.INSERT}`;
  for (const [operation, seen] of Object.entries(tables))
    await runner.query(`
      CREATE TRIGGER keep_${what}_on_${operation.toLowerCase()} AFTER ${operation} ON shared_resource
      REFERENCING ${seen} FOR EACH STATEMENT EXECUTE FUNCTION keep_shared_${what}()`);
}

/**
 * The strings of shared resources in order, so that those that begin with a text are found without looking at every resource; of
 * people's names also what begins at each further word. Kept by triggers, a statement at a time, whoever writes the resources.
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
    await runner.query(stringsToFind('length(s.value)'));
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
    await keepByTriggers(runner, 'strings');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION keep_shared_strings CASCADE');
    await runner.query('DROP TABLE shared_string');
    await runner.query('DROP FUNCTION strings_to_find');
  }
}
