import type { Summary } from '@payer/fhir-store';
import type { Consent } from 'fhir/r4.js';

/** What every part of a Consent has: its identity, and the elements that R4 makes mandatory. */
const mandatory = ['resourceType', 'id', 'meta', 'status', 'scope', 'category'];

/**
 * The part of a Consent that `_summary` or `_elements` asks for (FHIR R4 §3.1.1.5.8 and .9), marked
 * SUBSETTED. A summary lacks the elements that R4 does not mark as such: actors and exceptions.
 */
export function subset(consent: Consent, summary: Summary, elements: readonly string[] | undefined): Consent {
  if (summary === 'false' && !elements) return consent;
  const isWanted = (name: string) =>
    mandatory.includes(name) ||
    (elements?.includes(name) ?? false) ||
    summary === 'true' ||
    (summary === 'data' && !elements);
  const part = Object.fromEntries(Object.entries(consent).filter(([name]) => isWanted(name))) as Consent;
  if (summary === 'true' && part.provision && !elements?.includes('provision')) {
    const { actor: _actor, provision: _exceptions, ...rest } = part.provision;
    part.provision = rest;
  }
  const tag = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' };
  return { ...part, meta: { ...part.meta, tag: [tag] } };
}
