import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Counts the reads of each app on each day, so that a year of an app is some thousand rows instead of
 * millions.
 *
 * A trigger counts the rows of each statement in its transaction. So the counts agree with the records,
 * whichever version of the service writes them. The trigger's function has the rights of the tables' owner,
 * and the serving role needs no right to change a count.
 *
 * Existing records are counted while writers wait, about 1 s per million records.
 */
export class CreateAccessDay1764000100011 implements MigrationInterface {
  name = 'CreateAccessDay1764000100011';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE access_day (
        client_id text NOT NULL,
        day date NOT NULL,
        interaction text NOT NULL,
        resource_type text NOT NULL,
        requests bigint NOT NULL,
        refused bigint NOT NULL,
        resources bigint NOT NULL,
        PRIMARY KEY (client_id, day, interaction, resource_type)
      ) WITH (fillfactor = 50)`);
    await runner.query(`
      CREATE FUNCTION count_access() RETURNS trigger
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
      BEGIN
        INSERT INTO access_day AS total (client_id, day, interaction, resource_type, requests, refused, resources)
        SELECT client_id, (at AT TIME ZONE 'UTC')::date, interaction, resource_type,
               count(*), count(*) FILTER (WHERE status >= 400), coalesce(sum(resources), 0)
        FROM added GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
        ON CONFLICT (client_id, day, interaction, resource_type) DO UPDATE SET
          requests = total.requests + excluded.requests,
          refused = total.refused + excluded.refused,
          resources = total.resources + excluded.resources;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER access_record_count AFTER INSERT ON access_record
      REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_access()`);
    await runner.query(`
      INSERT INTO access_day (client_id, day, interaction, resource_type, requests, refused, resources)
      SELECT client_id, (at AT TIME ZONE 'UTC')::date, interaction, resource_type,
             count(*), count(*) FILTER (WHERE status >= 400), coalesce(sum(resources), 0)
      FROM access_record GROUP BY 1, 2, 3, 4`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER access_record_count ON access_record');
    await runner.query('DROP FUNCTION count_access');
    await runner.query('DROP TABLE access_day');
  }
}
