import type { MigrationInterface, QueryRunner } from 'typeorm';

const tables = ['member_resource', 'shared_resource'];

/**
 * Finds whole tokens by a number (`index/search-key.ts`). Existing rows get their numbers here. Rows that a
 * loader of the previous version writes get them from a trigger, which the loader of this version never
 * fires.
 */
export class AddSearchKeys1764000000101 implements MigrationInterface {
  name = 'AddSearchKeys1764000000101';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION search_keys(tokens text[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
      RETURN ARRAY(SELECT (hashtextextended(token, 0) & 9007199254740991) FROM unnest(tokens) AS t (token))`);
    await runner.query(`
      CREATE FUNCTION fill_search_keys() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN NEW.keys := search_keys(NEW.tokens); RETURN NEW; END $$`);
    for (const table of tables) {
      await runner.query(`ALTER TABLE ${table} ADD COLUMN keys bigint[]`);
      await runner.query(`UPDATE ${table} SET keys = search_keys(tokens)`);
      await runner.query(`
        CREATE TRIGGER fill_search_keys_on_insert BEFORE INSERT ON ${table} FOR EACH ROW
        WHEN (NEW.keys IS NULL) EXECUTE FUNCTION fill_search_keys()`);
      await runner.query(`
        CREATE TRIGGER fill_search_keys_on_update BEFORE UPDATE ON ${table} FOR EACH ROW
        WHEN (NEW.tokens IS DISTINCT FROM OLD.tokens AND NEW.keys IS NOT DISTINCT FROM OLD.keys)
        EXECUTE FUNCTION fill_search_keys()`);
    }
    await runner.query('CREATE INDEX shared_resource_keys ON shared_resource USING gin (keys)');
    // The version before finds without it, too, only slower.
    await runner.query('DROP INDEX shared_resource_tokens');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX shared_resource_tokens ON shared_resource USING gin (tokens)');
    for (const table of tables) await runner.query(`ALTER TABLE ${table} DROP COLUMN keys CASCADE`);
    await runner.query('DROP FUNCTION fill_search_keys, search_keys CASCADE');
  }
}
