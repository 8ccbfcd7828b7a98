import type { MigrationInterface, QueryRunner } from 'typeorm';

const dropped = [
  'keep_shared_strings',
  'keep_shared_references',
  'strings_to_find',
  'fill_search_keys',
  'search_keys',
];

/**
 * The loader writes `shared_string` and `shared_reference` itself: Citus refuses tables with triggers, and no
 * SQL of the database depends on search definitions any more.
 *
 * A loader of the version before relies on the triggers. Its transaction that is under way is waited for; its
 * next one is refused by `loader_is_too_old`, so no row is stored that searches would not find. What serves
 * only reads, and goes on.
 */
export class StoreDerivedRows1764000000400 implements MigrationInterface {
  name = 'StoreDerivedRows1764000000400';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('LOCK TABLE shared_resource IN SHARE ROW EXCLUSIVE MODE');
    // With the functions their triggers go.
    await runner.query(`DROP FUNCTION ${dropped.join(', ')} CASCADE`);
    await runner.query('CREATE INDEX shared_reference_of ON shared_reference (id)');
    await runner.query('ALTER TABLE shared_resource ADD COLUMN loader_version smallint');
    // Rows that are there already have no version, and are complete.
    await runner.query(
      'ALTER TABLE shared_resource ADD CONSTRAINT loader_is_too_old CHECK (coalesce(loader_version, 0) >= 1) NOT VALID',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE shared_resource DROP COLUMN loader_version');
    await runner.query('DROP INDEX shared_reference_of');
    await runner.query(`
      CREATE FUNCTION search_keys(tokens text[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
      RETURN ARRAY(SELECT (hashtextextended(token, 0) & 9007199254740991) FROM unnest(tokens) AS t (token))`);
    await runner.query(`
      CREATE FUNCTION fill_search_keys() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN NEW.keys := search_keys(NEW.tokens); RETURN NEW; END $$`);
    for (const table of ['member_resource', 'shared_resource']) {
      await runner.query(`
        CREATE TRIGGER fill_search_keys_on_insert BEFORE INSERT ON ${table} FOR EACH ROW
        WHEN (NEW.keys IS NULL) EXECUTE FUNCTION fill_search_keys()`);
      await runner.query(`
        CREATE TRIGGER fill_search_keys_on_update BEFORE UPDATE ON ${table} FOR EACH ROW
        WHEN (NEW.tokens IS DISTINCT FROM OLD.tokens AND NEW.keys IS NOT DISTINCT FROM OLD.keys)
        EXECUTE FUNCTION fill_search_keys()`);
    }
    await runner.query(`
      CREATE FUNCTION strings_to_find(type text, params smallint[], folded text[])
      RETURNS TABLE (param smallint, found text) LANGUAGE sql IMMUTABLE PARALLEL SAFE
      BEGIN ATOMIC
        SELECT DISTINCT s.param, substr(s.value, word.start, 500)
        FROM unnest(params, folded) AS s (param, value)
        CROSS JOIN LATERAL (
          SELECT 1 AS start
          UNION ALL
          SELECT place + 1 FROM generate_series(1, least(length(s.value), 500)) AS place
          WHERE type || '/' || s.param = ANY ('{Patient/18,Patient/21,Patient/25,RelatedPerson/21,Practitioner/14,Practitioner/16,Practitioner/23}') AND substr(s.value, place, 1) = ' '
        ) AS word;
      END`);
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
    const referencesOf = (rows: string) => `
      SELECT r.type, (hashtextextended(token, 0) & 9007199254740991), r.id
      FROM ${rows} r CROSS JOIN unnest(r.tokens) AS t (token) WHERE token ~ '^[0-9]+>'`;
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
    const seen = {
      INSERT: 'NEW TABLE AS after',
      DELETE: 'OLD TABLE AS before',
      UPDATE: 'OLD TABLE AS before NEW TABLE AS after',
    };
    for (const kept of ['strings', 'references'])
      for (const [operation, tables] of Object.entries(seen))
        await runner.query(`
          CREATE TRIGGER keep_${kept}_on_${operation.toLowerCase()} AFTER ${operation} ON shared_resource
          REFERENCING ${tables} FOR EACH STATEMENT EXECUTE FUNCTION keep_shared_${kept}()`);
  }
}
