import type { Coverage, ExplanationOfBenefit, FhirResource, Patient } from 'fhir/r4.js';
import type { Directory } from './directory.js';
import { authorizationCases, therapyOf } from './prior-authorization-cases.js';
import { authorizationNumber, priorAuthorization } from './prior-authorizations.js';
import { concept } from './systems.js';
import type { billing } from './visit-claims.js';
import type { Visit } from './visit.js';

interface AuthorizedMember {
  patient: Patient;
  coverage: Coverage;
  directory: Directory;
  isChild: boolean;
  /** Last day of the member's story. */
  end: string;
}

/** Bills the therapy that needs an authorization: a day under each of two authorizations. */
export function billTherapy(
  { patient, directory, isChild, end }: AuthorizedMember,
  { bill }: ReturnType<typeof billing>,
): void {
  const { first, second, product, diagnosis, unitsOfADay, unitPrice } = therapyOf(isChild, end);
  const therapist = directory.practitioners[0] as (typeof directory.practitioners)[number];
  for (const [key, date] of [
    ['therapy first', first],
    ['therapy', second],
  ] as const)
    bill({
      category: 'professional',
      key,
      date,
      diagnosis,
      provider: therapist,
      practitioner: therapist,
      facility: directory.clinics[0] ?? directory.hospital,
      authorization: authorizationNumber(patient, key),
      lines: [
        {
          product,
          cents: unitsOfADay * unitPrice,
          quantity: unitsOfADay,
          modifier: concept('cpt', '59'),
        },
      ],
    });
}

/**
 * Adds the member's prior authorizations. An authorization names the claim that names it.
 * @param resources the member's resources so far, claims included
 */
export function addAuthorizations(
  { patient, coverage, directory, isChild, end }: AuthorizedMember,
  visits: readonly Visit[],
  resources: FhirResource[],
): void {
  const story = visits.find(({ story: { stay } }) => stay)?.story;
  if (!story) return;
  const claims = resources.filter(
    (resource): resource is ExplanationOfBenefit => resource.resourceType === 'ExplanationOfBenefit',
  );
  const claimWith = (number: string) =>
    claims.find(({ status, insurance }) => status === 'active' && insurance?.[0]?.preAuthRef?.[0] === number);
  const { date, stay, illness } = story;
  const days = { end, admitted: date, days: stay?.days ?? 1, diagnosis: concept('icd10', illness.icd10) };
  for (const one of authorizationCases(isChild, days)) {
    const claim = claimWith(authorizationNumber(patient, one.key));
    resources.push(priorAuthorization(one, { patient, coverage, directory, claim }));
  }
}
