import type { MigrationInterface, QueryRunner } from 'typeorm';

const tables = ['member_resource', 'shared_resource', 'waiting_resource'];

const security = `(r.body::json -> 'meta' -> 'security')`;

/**
 * Security labels (`meta.security`) get columns: a search withholds a resource by its labels. `labels` are
 * the labels of the resource itself. `followed_labels` are the labels of the resources whose owners a
 * resource without a patient has: a Provenance is as sensitive as its target. Rows that are there get their
 * labels here, so that nothing sensitive is served before the next load. Only labelled rows are written, and
 * the previous version serves meanwhile.
 */
export class IndexLabels1764000000600 implements MigrationInterface {
  name = 'IndexLabels1764000000600';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of tables)
      await runner.query(`ALTER TABLE ${table} ADD COLUMN labels text[], ADD COLUMN followed_labels text[]`);
    await runner.query('ALTER TABLE deleted_resource ADD COLUMN labels text[]');
    for (const table of tables)
      await runner.query(`
        UPDATE ${table} r SET labels = (
          SELECT array_agg(DISTINCT label COLLATE "C" ORDER BY label COLLATE "C")
          FROM json_array_elements(CASE json_typeof(${security}) WHEN 'array' THEN ${security} ELSE '[]'::json END) AS given (value)
          CROSS JOIN LATERAL (
            SELECT trim(coalesce(given.value ->> 'system', '')) || '|' || trim(coalesce(given.value ->> 'code', ''))
          ) AS one (label)
          WHERE json_typeof(given.value) = 'object')
        WHERE r.body LIKE '%"security"%' AND r.body NOT LIKE '%\\\\u0000%'`);
    await runner.query(`
      UPDATE member_resource r SET followed_labels = found.labels
      FROM (
        WITH RECURSIVE followed (type, id, target_type, target_id) AS (
          SELECT o.type, o.id, o.target_type, o.target_id FROM owner_reference o
          UNION
          SELECT f.type, f.id, o.target_type, o.target_id
          FROM followed f JOIN owner_reference o ON o.type = f.target_type AND o.id = f.target_id)
        SELECT f.type, f.id, array_agg(DISTINCT label COLLATE "C" ORDER BY label COLLATE "C") AS labels
        FROM followed f
        JOIN member_resource m ON m.type = f.target_type AND m.id = f.target_id AND m.labels IS NOT NULL
        CROSS JOIN unnest(m.labels) AS l (label)
        GROUP BY f.type, f.id
      ) AS found
      WHERE r.type = found.type AND r.id = found.id`);
    await runner.query(`
      CREATE INDEX member_resource_labelled ON member_resource (patient)
      WHERE labels IS NOT NULL OR followed_labels IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX member_resource_labelled');
    await runner.query('ALTER TABLE deleted_resource DROP COLUMN labels');
    for (const table of tables)
      await runner.query(`ALTER TABLE ${table} DROP COLUMN labels, DROP COLUMN followed_labels`);
  }
}
