import { badParameter } from '../fhir-error.js';

/* `_count`, the number of matches on a page (FHIR R4 Search, Page Count). */

export const defaultCount = 50;
export const maximumCount = 1000;

/**
 * Reads `_count`. A larger number than the maximum means the maximum.
 * @param least 0 where a page without matches makes sense
 * @throws FhirError 400 when the value is not a whole number of at least `least`
 */
export function parseCount(value: string, least: 0 | 1): number {
  if (!/^\d+$/.test(value) || Number(value) < least)
    throw badParameter('_count', `must be a whole number of at least ${least}, not "${value.slice(0, 40)}"`);
  return Math.min(Number(value), maximumCount);
}
