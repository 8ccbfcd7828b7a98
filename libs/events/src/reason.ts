/**
 * The message of an error. When a host has several addresses and none answers, Node.js throws an
 * AggregateError with an empty message.
 */
export function reasonOf(error: unknown): string {
  const { message, errors, code } = error as Partial<AggregateError> & { code?: string };
  return message || errors?.map(reasonOf).join('; ') || code || String(error);
}
