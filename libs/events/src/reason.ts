/**
 * What an error says. Where a host has several addresses and none of them answers, Node.js raises an AggregateError that says nothing
 * itself.
 */
export function reasonOf(error: unknown): string {
  const { message, errors, code } = error as Partial<AggregateError> & { code?: string };
  return message || errors?.map(reasonOf).join('; ') || code || String(error);
}
