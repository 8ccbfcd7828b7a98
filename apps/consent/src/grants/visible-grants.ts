import type { GrantRow } from './grants.js';

/** The person who looks at grants. */
export interface GrantViewer {
  sub: string;
  /** The person's own patient. Null for a person without own records here. */
  patient: string | null;
}

/**
 * SQL condition on a grant: the member gave it, or a representative gave it for the member's own records. So
 * a patient sees and can end the access that somebody else allowed.
 * @param sub placeholder of the viewer's `sub`, such as `$2`
 * @param patient placeholder of the viewer's patient
 */
export const isVisibleTo = (sub: string, patient: string): string =>
  `(sub = ${sub} OR (patient = ${patient}::text AND related_person IS NOT NULL))`;

/** The same rule as {@link isVisibleTo}, for a grant in memory. */
export function maySee(
  grant: Pick<GrantRow, 'sub' | 'patient' | 'related_person'>,
  viewer: GrantViewer,
): boolean {
  return grant.sub === viewer.sub || (grant.related_person !== null && grant.patient === viewer.patient);
}
