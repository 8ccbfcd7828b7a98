/**
 * The scheme, in lower case, and the credentials of an `Authorization` header. One or more spaces separate
 * them (RFC 9110 §11.4). Both are empty for another form.
 */
export function authorizationOf(header: string | undefined): { scheme: string; credentials: string } {
  const [, scheme = '', credentials = ''] = /^([^ ]+) +([^ ]+)$/.exec(header ?? '') ?? [];
  return { scheme: scheme.toLowerCase(), credentials };
}

/** The header with one space between scheme and credentials: the engine takes no other number. */
export const withOneSpace = (header: string): string => header.replace(/^([^ ]+) {2,}/, '$1 ');
