import { badParameter, FhirError } from '../fhir-error.js';
import type { Filter } from './filter.js';

/* How far chains may lead: `subject:Patient.name`, `_has:Observation:patient:code`. */

/** References from the searched type to the type of the last parameter. */
const maxChainLinks = 4;
/** Types that are tried while the chains of a search are read. Four links could try hundreds of thousands. */
const maxTriedTypes = 5000;
/** Scans of a type's rows in one statement. PostgreSQL plans 500 in 0.1 s and 5,000 in 10 s. */
const maxScans = 500;

/** @throws FhirError 400 when a chain has too many links */
export function refuseTooDeep(name: string, depth: number): void {
  if (depth > maxChainLinks)
    throw badParameter(name, `chains may be at most ${maxChainLinks} references deep`);
}

/**
 * Counts a type to which a chain of the search may lead.
 * @throws FhirError 400 `too-costly` when there are too many
 */
export function countTriedType(tried: { count: number }): void {
  if (++tried.count > maxTriedTypes) throw tooManyTypes();
}

/** @throws FhirError 400 `too-costly` when the filters of a search need too many scans */
export function refuseTooManyTypes(filters: readonly Filter[]): void {
  if (filters.reduce((sum, filter) => sum + scansOf(filter), 0) > maxScans) throw tooManyTypes();
}

/** The scans of a filter. Each target of a chain has two: its stored rows, and its contained rows. */
function scansOf(filter: Filter): number {
  if (filter.kind === 'value') return 0;
  if (filter.kind === 'has') return 1 + scansOf(filter.filter);
  return filter.targets.reduce((sum, target) => sum + 2 * (1 + scansOf(target.filter)), 0);
}

const tooManyTypes = () =>
  new FhirError(
    400,
    'too-costly',
    'The chains of this search lead to too many types; name the type that each reference points to, as in subject:Patient.name.',
  );
