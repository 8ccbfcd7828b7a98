import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The keys of a row's codes: `number||code`. */
const codesOf = `
  SELECT DISTINCT r.type, (hashtextextended(token, 0) & 9007199254740991), r.id
  FROM shared_resource r CROSS JOIN unnest(r.tokens) AS t (token) WHERE token ~ '^[0-9]+[|][|]'`;

/** Key of the loaders' advisory lock in this version and in the one before. */
const loaderLock = 7_403_117;

/**
 * Renames a column. A long read, such as an export, holds a lock on the table, and other reads would wait
 * behind this change. So it gives up after two seconds and tries again, for some minutes.
 */
const renameColumn = (from: string, to: string): string => `DO $$
  BEGIN
    SET LOCAL lock_timeout = '2s';
    FOR attempt IN 1..100 LOOP
      BEGIN
        ALTER TABLE shared_resource RENAME COLUMN ${from} TO ${to};
        SET LOCAL lock_timeout = 0;
        RETURN;
      EXCEPTION WHEN lock_not_available THEN
        PERFORM pg_sleep(2);
      END;
    END LOOP;
    RAISE lock_not_available USING MESSAGE = 'shared_resource is being read: wait for the end of an export, and migrate again';
  END $$`;

/**
 * Lists the shared resources with a code in `shared_reference`, beside those with a reference: a page of a
 * search by one code is then the first entries of its list. The version before finds the same as earlier,
 * because no reference has the key of a code.
 *
 * A loader of the version before would store a resource without its codes. The migration waits for the batch
 * that is under way. The next one is refused, because the column that it names has another name now. Reading
 * goes on.
 */
export class ListSharedCodes1764000000730 implements MigrationInterface {
  name = 'ListSharedCodes1764000000730';

  async up(runner: QueryRunner): Promise<void> {
    // A batch reads before it writes: without this lock it and the rename could wait for each other.
    await runner.query(`SELECT pg_advisory_xact_lock(${loaderLock})`);
    await runner.query('LOCK TABLE shared_resource IN SHARE ROW EXCLUSIVE MODE');
    await runner.query(`INSERT INTO shared_reference (type, key, id) ${codesOf}`);
    await runner.query(renameColumn('loader_version', 'loader_release'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`SELECT pg_advisory_xact_lock(${loaderLock})`);
    await runner.query('LOCK TABLE shared_resource IN SHARE ROW EXCLUSIVE MODE');
    await runner.query(`
      DELETE FROM shared_reference s USING (${codesOf}) AS code (type, key, id)
      WHERE s.type = code.type AND s.key = code.key AND s.id = code.id`);
    await runner.query(renameColumn('loader_release', 'loader_version'));
  }
}
