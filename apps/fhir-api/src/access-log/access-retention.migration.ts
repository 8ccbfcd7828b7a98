import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Two functions add and drop partitions with the rights of the tables' owner, so that the serving role needs
 * no right to create or drop a table. The retention is a row that only the owner may change, so the serving
 * role cannot drop a partition too early.
 */
export class AddAccessRetention1764000100012 implements MigrationInterface {
  name = 'AddAccessRetention1764000100012';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE access_retention (
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        days integer NOT NULL CHECK (days >= 31)
      )`);
    await runner.query('INSERT INTO access_retention (days) VALUES (2192)');
    // ATTACH waits for no reader and no writer. CREATE TABLE … PARTITION OF would wait for all of them, and
    // they for it.
    await runner.query(`
      CREATE FUNCTION add_access_partition(month date) RETURNS void
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
      DECLARE
        first timestamp := date_trunc('month', month::timestamp);
        name text := 'access_record_' || to_char(month, 'YYYY_MM');
      BEGIN
        PERFORM pg_advisory_xact_lock(7004);
        IF to_regclass(name) IS NOT NULL THEN RETURN; END IF;
        EXECUTE format('CREATE TABLE %I (LIKE access_record INCLUDING ALL)', name);
        EXECUTE format('ALTER TABLE access_record ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name,
          first AT TIME ZONE 'UTC', (first + interval '1 month') AT TIME ZONE 'UTC');
      END $$`);
    await runner.query(`
      CREATE FUNCTION drop_expired_access_partitions(now timestamptz DEFAULT now()) RETURNS SETOF text
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
      DECLARE
        oldest timestamptz := least(now, clock_timestamp()) - (SELECT make_interval(days => days) FROM access_retention);
        partition text;
      BEGIN
        PERFORM pg_advisory_xact_lock(7004);
        FOR partition IN
          SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
          WHERE inhparent = 'access_record'::regclass AND relname ~ '^access_record_\\d{4}_\\d{2}$'
            AND (to_date(right(relname, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC' <= oldest
          ORDER BY 1
        LOOP
          EXECUTE format('DROP TABLE %I', partition);
          RETURN NEXT partition;
        END LOOP;
        DELETE FROM access_day
        WHERE (date_trunc('month', day::timestamp) + interval '1 month') AT TIME ZONE 'UTC' <= oldest;
      END $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION drop_expired_access_partitions');
    await runner.query('DROP FUNCTION add_access_partition');
    await runner.query('DROP TABLE access_retention');
  }
}
