export type Handling = 'strict' | 'lenient';

/** `Prefer: handling=strict|lenient` (RFC 7240 §4.4, FHIR R4 §3.1.1.4.1); lenient unless asked otherwise. */
export function handlingOf(prefer: string | string[] | undefined): Handling {
  if (prefer === undefined) return 'lenient';
  return /(^|[,;\s])handling\s*=\s*"?strict"?/i.test(String(prefer)) ? 'strict' : 'lenient';
}
