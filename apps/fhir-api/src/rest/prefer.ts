export type Handling = 'strict' | 'lenient';

/**
 * `Prefer: handling=strict|lenient` (RFC 7240 §4.4, FHIR R4 §3.1.1.4.1). The default is lenient. Of several
 * values the first counts (RFC 7240 §2).
 */
export function handlingOf(prefer: string | string[] | undefined): Handling {
  if (prefer === undefined) return 'lenient';
  const asked = /(?:^|[,;\s])handling\s*=\s*"?(\w+)"?/i.exec(String(prefer))?.[1];
  return asked?.toLowerCase() === 'strict' ? 'strict' : 'lenient';
}
