import { parameterDefinition } from '../definitions/definitions.js';

/**
 * The search parameter with the date of care of each type, by which `start` and `end` of $everything select.
 * The date of a record is not a date of care (FHIR R4, Patient/$everything).
 */
const careDates: Readonly<Record<string, string>> = {
  AllergyIntolerance: 'onset',
  CarePlan: 'date',
  CareTeam: 'date',
  Condition: 'onset-date',
  DiagnosticReport: 'date',
  DocumentReference: 'period',
  Encounter: 'date',
  ExplanationOfBenefit: 'service-date',
  Goal: 'start-date',
  Immunization: 'date',
  MedicationDispense: 'whenhandedover',
  MedicationRequest: 'authoredon',
  Observation: 'date',
  Procedure: 'date',
  QuestionnaireResponse: 'authored',
  ServiceRequest: 'occurrence',
  Specimen: 'collected',
};

/**
 * Whether a row has no date of care, or one that overlaps the time from `start` to `end`, in SQL.
 * @param start and @param end SQL of type bigint, milliseconds since the epoch; null means no limit
 */
export function careDateSql(row: string, types: readonly string[], start: string, end: string): string {
  const cases = types.flatMap((type) => {
    const code = careDates[type];
    const definition = code === undefined ? undefined : parameterDefinition(type, code);
    return definition ? [`WHEN '${type}' THEN ${definition.number}`] : [];
  });
  if (cases.length === 0) return 'true';
  const parameter = `(CASE ${row}.type ${cases.join(' ')} END)`;
  return `(SELECT coalesce(bool_or((${start} IS NULL OR d.high > ${start}) AND (${end} IS NULL OR d.low < ${end})), true)
    FROM unnest(${row}.date_param, ${row}.date_low, ${row}.date_high) AS d (param, low, high)
    WHERE d.param = ${parameter})`;
}
