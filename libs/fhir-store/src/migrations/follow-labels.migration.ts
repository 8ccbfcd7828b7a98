import type { MigrationInterface, QueryRunner } from 'typeorm';

const tables = ['member_resource', 'shared_resource', 'waiting_resource'];

/** Elements whose reference stands for a code, by type. */
const elements: [type: string, ...paths: string[]][] = [
  [
    'CarePlan',
    'addresses',
    'activity.outcomeReference',
    'activity.reference',
    'activity.detail.reasonReference',
    'activity.detail.productReference',
  ],
  ['CareTeam', 'reasonReference'],
  ['Condition', 'evidence.detail'],
  ['DiagnosticReport', 'result'],
  ['DocumentReference', 'context.encounter', 'context.related'],
  ['Encounter', 'reasonReference', 'diagnosis.condition'],
  [
    'ExplanationOfBenefit',
    'diagnosis.diagnosisReference',
    'procedure.procedureReference',
    'prescription',
    'supportingInfo.valueReference',
  ],
  ['Goal', 'addresses', 'outcomeReference'],
  ['Immunization', 'reasonReference'],
  ['Medication', 'ingredient.itemReference'],
  ['MedicationDispense', 'medicationReference', 'authorizingPrescription'],
  ['MedicationRequest', 'medicationReference', 'reasonReference'],
  ['Observation', 'hasMember', 'derivedFrom'],
  ['Procedure', 'reasonReference', 'complicationDetail', 'usedReference'],
  ['ServiceRequest', 'reasonReference'],
];

/** Types of the store whose resources have labels. */
const labelled = [
  ...['AllergyIntolerance', 'CarePlan', 'CareTeam', 'Condition', 'Coverage', 'Device', 'DiagnosticReport'],
  ...['DocumentReference', 'Encounter', 'ExplanationOfBenefit', 'Goal', 'Immunization', 'Medication'],
  ...['MedicationDispense', 'MedicationRequest', 'Observation', 'Patient', 'Procedure', 'Provenance'],
  ...['QuestionnaireResponse', 'RelatedPerson', 'ServiceRequest', 'Specimen'],
];

/**
 * The references along which labels go from a resource to another get a table: a prescription is as sensitive
 * as the Medication that it references. Rows that are there get their references and labels here, so that
 * nothing sensitive is served before the next load. A row with an escape that JSON of PostgreSQL may refuse
 * (NUL, half of a surrogate pair) gets them when it is indexed again. The table is new, only rows that follow
 * a labelled one are written, and the previous version serves meanwhile.
 */
export class FollowLabels1764000000720 implements MigrationInterface {
  name = 'FollowLabels1764000000720';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE label_reference (
        target_type text NOT NULL,
        target_id text NOT NULL,
        type text NOT NULL,
        id text NOT NULL,
        PRIMARY KEY (target_type, target_id, type, id)
      )`);
    await runner.query('CREATE INDEX label_reference_of ON label_reference (type, id)');
    // A Provenance that names the patient is compared with the patient's deleted resources, too.
    await runner.query(
      'CREATE INDEX deleted_resource_labelled ON deleted_resource USING gin (patients) WHERE labels IS NOT NULL',
    );
    for (const table of tables) await this.collect(runner, table);
    await runner.query(`
      CREATE TEMPORARY TABLE found_labels ON COMMIT DROP AS
      WITH RECURSIVE edge AS (
          SELECT * FROM label_reference UNION SELECT target_type, target_id, type, id FROM owner_reference),
        reached (type, id, label) AS (
          SELECT e.type, e.id, l.label
          FROM (SELECT type, id, labels FROM member_resource WHERE labels IS NOT NULL
                UNION ALL SELECT type, id, labels FROM shared_resource WHERE labels IS NOT NULL
                UNION ALL SELECT type, id, labels FROM waiting_resource WHERE labels IS NOT NULL
                UNION ALL SELECT type, id, labels FROM deleted_resource WHERE labels IS NOT NULL) r
          CROSS JOIN unnest(r.labels) AS l (label)
          JOIN edge e ON e.target_type = r.type AND e.target_id = r.id
          UNION
          SELECT e.type, e.id, r.label FROM reached r JOIN edge e ON e.target_type = r.type AND e.target_id = r.id)
      SELECT type, id, array_agg(label COLLATE "C" ORDER BY label COLLATE "C") AS labels
      FROM reached GROUP BY type, id`);
    for (const table of ['member_resource', 'shared_resource'])
      await runner.query(`
        UPDATE ${table} r SET followed_labels = f.labels FROM found_labels f
        WHERE r.type = f.type AND r.id = f.id AND r.followed_labels IS DISTINCT FROM f.labels`);
  }

  /** Notes the references of a table's resources and of those that they contain. Each row is parsed once. */
  private async collect(runner: QueryRunner, table: string): Promise<void> {
    const paths = elements.flatMap(([type, ...ofType]) => ofType.map((path) => ({ type, path })));
    await runner.query(
      `WITH element AS MATERIALIZED (
         SELECT * FROM unnest($1::text[], $2::jsonpath[], $3::jsonpath[], $4::text[])
           AS e (type, own, contained, member))
       INSERT INTO label_reference (target_type, target_id, type, id)
       SELECT split_part(ref.target, '/', 1), split_part(ref.target, '/', 2), r.type, r.id
       FROM (
         SELECT type, id, refs, contained, body::jsonb AS json FROM ${table} c
         WHERE c.body !~* '\\\\u(0000|d[89a-f])' AND EXISTS (
           SELECT FROM element e
           WHERE (e.type = c.type OR c.contained IS NOT NULL) AND position(e.member IN c.body) > 0)
         OFFSET 0) AS r
       CROSS JOIN LATERAL (
         SELECT jsonb_path_query(r.json, e.own) FROM element e WHERE e.type = r.type
         UNION ALL
         SELECT jsonb_path_query(r.json, e.contained) FROM element e WHERE r.contained IS NOT NULL
       ) AS given (reference)
       JOIN LATERAL unnest(r.refs) AS ref (target)
         ON position('/' || ref.target || '/' IN '/' || (given.reference #>> '{}') || '/') > 0
       WHERE split_part(ref.target, '/', 1) = ANY ($5::text[]) AND ref.target <> r.type || '/' || r.id
       ON CONFLICT DO NOTHING`,
      [
        paths.map(({ type }) => type),
        paths.map(({ path }) => `$.${path}.reference`),
        paths.map(({ type, path }) => `$.contained[*] ? (@.resourceType == "${type}").${path}.reference`),
        paths.map(({ path }) => `"${path.split('.').at(-1)}"`),
        labelled,
      ],
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX deleted_resource_labelled');
    await runner.query('DROP TABLE label_reference');
  }
}
