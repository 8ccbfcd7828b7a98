import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The keys of a row's codes: `number||code`. */
const codesOf = `
  SELECT r.type, (hashtextextended(token, 0) & 9007199254740991), r.id
  FROM shared_resource r CROSS JOIN unnest(r.tokens) AS t (token) WHERE token ~ '^[0-9]+[|][|]'`;

/**
 * Lists the shared resources with a code in `shared_reference`, beside those with a reference: a page of a
 * search by one code is then the first entries of its list. The version before finds the same as earlier,
 * because no reference has the key of a code.
 *
 * A loader of the version before would store a resource without its codes. Its transaction that is under way
 * is waited for. Its next one is refused, because the column that it names has another name now. Reading goes
 * on, except while the column is renamed.
 */
export class ListSharedCodes1764000000730 implements MigrationInterface {
  name = 'ListSharedCodes1764000000730';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('LOCK TABLE shared_resource IN SHARE ROW EXCLUSIVE MODE');
    await runner.query(`INSERT INTO shared_reference (type, key, id) ${codesOf}`);
    await runner.query('ALTER TABLE shared_resource RENAME COLUMN loader_version TO loader_release');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('LOCK TABLE shared_resource IN SHARE ROW EXCLUSIVE MODE');
    await runner.query(`
      DELETE FROM shared_reference s USING (${codesOf}) AS code (type, key, id)
      WHERE s.type = code.type AND s.key = code.key AND s.id = code.id`);
    await runner.query('ALTER TABLE shared_resource RENAME COLUMN loader_release TO loader_version');
  }
}
