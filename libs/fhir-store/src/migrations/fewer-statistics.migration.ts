import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The columns of a member's resource whose statistics decide about no plan. */
const columns = [
  'version',
  'body',
  'body_sha256',
  'tokens',
  'string_param',
  'string_value',
  'string_folded',
  'date_param',
  'date_low',
  'date_high',
  'number_param',
  'number_low',
  'number_high',
  'number_unit',
  'refs',
  'latitude',
  'longitude',
];

/** @param target number of most common values to keep; -1 is the database's default */
const setStatistics = (target: 0 | -1): string => `DO $$
  DECLARE part regclass;
  BEGIN
    FOR part IN SELECT relid FROM pg_partition_tree('member_resource') ORDER BY relid LOOP
      EXECUTE format('ALTER TABLE %s ${columns.map((column) => `ALTER ${column} SET STATISTICS ${target}`).join(', ')}', part);
    END LOOP;
  END $$`;

/**
 * PostgreSQL makes no statistics of the columns that only filter the resources of one member and one type.
 * Automatic analysis during a load took more of its time than storing the resources. Searches go on, and so
 * does a loader of the version before: the lock keeps away other changes of the table only. Statistics made
 * earlier stay as they are.
 */
export class KeepFewerStatistics1764000000740 implements MigrationInterface {
  name = 'KeepFewerStatistics1764000000740';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(setStatistics(0));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(setStatistics(-1));
  }
}
