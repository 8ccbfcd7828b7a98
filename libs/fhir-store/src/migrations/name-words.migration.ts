import type { MigrationInterface, QueryRunner } from 'typeorm';

const stringsToFind = (searched: string) => `
      CREATE OR REPLACE FUNCTION strings_to_find(type text, params smallint[], folded text[])
      RETURNS TABLE (param smallint, found text) LANGUAGE sql IMMUTABLE PARALLEL SAFE
      BEGIN ATOMIC
        SELECT DISTINCT s.param, substr(s.value, word.start, 500)
        FROM unnest(params, folded) AS s (param, value)
        CROSS JOIN LATERAL (
          SELECT 1 AS start
          UNION ALL
          SELECT place + 1 FROM generate_series(1, ${searched}) AS place
          WHERE type || '/' || s.param = ANY ('{Patient/18,Patient/21,Patient/25,RelatedPerson/21,Practitioner/14,Practitioner/16,Practitioner/23}') AND substr(s.value, place, 1) = ' '
        ) AS word;
      END`;

/**
 * Limits the text of a name in which words are found. The cost grows with the square of the length: a name of
 * 60,000 characters held up all loads for 40 seconds. No name is so long that a word behind this limit is
 * searched for.
 */
export class LimitNameWords1764000000202 implements MigrationInterface {
  name = 'LimitNameWords1764000000202';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(stringsToFind('least(length(s.value), 500)'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(stringsToFind('length(s.value)'));
  }
}
