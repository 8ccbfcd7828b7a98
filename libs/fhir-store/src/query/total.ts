import { isCompartmentType } from '../definitions/definitions.js';
import type { Search } from './filter.js';

/*
 * `_total`: whether a searchset says how many matches there are (FHIR R4 Search, Total number of matching
 * resources).
 */

export const totals = ['none', 'estimate', 'accurate'] as const;

/** Whether a page has matches, and not only their number. */
export const hasMatches = ({ count, summary }: Search): boolean => count > 0 && summary !== 'count';

/**
 * Whether the matches of all pages are counted. Unless the search asks, only the matches in a compartment
 * are: counting a directory costs more than its page.
 */
export function isCounted(search: Search): boolean {
  const unasked = isCompartmentType(search.type) ? 'accurate' : 'none';
  return !hasMatches(search) || (search.total ?? unasked) !== 'none';
}
