import { relationships, type Environment } from '@payer/smart';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';

/** The id of a FHIR resource (R4 datatype `id`). */
export const fhirId = z.string().regex(/^[A-Za-z0-9.-]{1,64}$/, 'must be the id of a FHIR resource');

/** A patient for whom the member of a line may act. */
const representsShape = z.strictObject({
  /** Id of the FHIR Patient. */
  patient: fhirId,
  name: z.string().min(1).max(200),
  /** Id of the RelatedPerson that stands for the member in the patient's record. */
  related_person: fhirId,
  relationship: z.enum(relationships),
  /** When the right ends: a date, whose day begins in UTC, or an instant. Absent for no end. */
  until: z
    .union([z.iso.date().transform((day) => `${day}T00:00:00Z`), z.iso.datetime({ offset: true })])
    .optional(),
});

/** The patients of a line. Each patient is named once, and never the member's own patient. */
export const representsList = z
  .array(representsShape)
  .max(200)
  .default([])
  .refine((list) => new Set(list.map(({ patient }) => patient)).size === list.length, {
    error: 'names a patient twice',
  });
export type Represents = z.infer<typeof representsShape>;

export const noRecords = 'needs a patient, or a list of patients in represents';
export const representsSelf = 'names the own patient in represents';

/** Whether a line gives its member any records to see: own records, or those of another patient. */
export const hasRecords = ({ patient, represents }: { patient?: string; represents: Represents[] }) =>
  patient !== undefined || represents.length > 0;

/** Whether a line names the member's own patient among the others, which would make them two people. */
export const representsOthersOnly = ({
  patient,
  represents,
}: {
  patient?: string;
  represents: Represents[];
}) => represents.every((other) => other.patient !== patient);

/** Makes the rights of members equal to their lines. */
export async function storeRepresentations(
  manager: EntityManager,
  environment: Environment,
  members: readonly { sub: string; represents: readonly Represents[] }[],
): Promise<void> {
  const given = members.flatMap(({ sub, represents }) => represents.map((one) => ({ sub, ...one })));
  const subs = members.map(({ sub }) => sub);
  const parameters = [environment, JSON.stringify(given)];
  await manager.query(
    `DELETE FROM representation known WHERE environment = $1 AND sub = ANY($3)
       AND NOT EXISTS (SELECT 1 FROM jsonb_to_recordset($2::jsonb) AS given(sub text, patient text)
                       WHERE given.sub = known.sub AND given.patient = known.patient)`,
    [...parameters, subs],
  );
  await manager.query(
    `INSERT INTO representation (environment, sub, patient, patient_name, related_person, relationship, ends_at)
     SELECT $1, sub, patient, name, related_person, relationship, until
     FROM jsonb_to_recordset($2::jsonb)
       AS given(sub text, patient text, name text, related_person text, relationship text, until timestamptz)
     ON CONFLICT (environment, sub, patient) DO UPDATE
     SET patient_name = excluded.patient_name, related_person = excluded.related_person,
         relationship = excluded.relationship, ends_at = excluded.ends_at`,
    parameters,
  );
}
