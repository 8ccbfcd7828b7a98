import type { Encounter, FhirResource, Patient, Provenance } from 'fhir/r4.js';
import type { Directory } from './directory.js';
import { meta, reference } from './meta.js';
import { uuidOf } from './random.js';
import { conceptOf } from './systems.js';

/** Targets of one Provenance at most. */
const maxTargets = 50;

/**
 * A Provenance for every resource of a member: one for the resources of a visit, and one for the claims of a
 * month. The payer transmitted all of them; the practitioner of a visit is the author of what the visit
 * recorded.
 */
export function provenancesOf(
  patient: Patient,
  resources: readonly FhirResource[],
  { payer }: Directory,
): Provenance[] {
  const groups = new Map<string, FhirResource[]>();
  for (const resource of resources) {
    const key = groupOf(resource);
    const group = groups.get(key);
    if (group) group.push(resource);
    else groups.set(key, [resource]);
  }
  const made: Provenance[] = [];
  for (const [key, targets] of groups) {
    const recorded = targets.map(timeOf).sort().at(-1) as string;
    const visit = targets.find((one): one is Encounter => one.resourceType === 'Encounter');
    const who = visit?.participant?.[0]?.individual ?? reference(payer, payer.name);
    for (let at = 0; at < targets.length; at += maxTargets)
      made.push({
        resourceType: 'Provenance',
        id: uuidOf(`${patient.id} provenance ${key} ${at}`),
        meta: meta(recorded, 'core:us-core-provenance'),
        target: targets.slice(at, at + maxTargets).map((target) => reference(target)),
        recorded,
        agent: [
          {
            type: conceptOf(
              'http://terminology.hl7.org/CodeSystem/provenance-participant-type',
              'author',
              'Author',
            ),
            who,
            ...(visit?.serviceProvider ? { onBehalfOf: visit.serviceProvider } : {}),
          },
          {
            type: conceptOf(
              'http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type',
              'transmitter',
              'Transmitter',
            ),
            who: reference(payer, payer.name),
          },
        ],
      });
  }
  return made;
}

const timeOf = ({ meta }: FhirResource): string => meta?.lastUpdated ?? '';

/** Resources of one visit have the same time; each claim has its own. */
const groupOf = (resource: FhirResource): string =>
  resource.resourceType === 'ExplanationOfBenefit'
    ? `claims ${timeOf(resource).slice(0, 7)}`
    : timeOf(resource);
