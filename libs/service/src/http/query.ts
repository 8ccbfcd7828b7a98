import { z } from 'zod';
import { parseBody, Problem } from './problem.js';

/**
 * Parses the query of a list by its schema. A parameter outside the schema is an error, because a silently
 * ignored filter would answer another request than the client's.
 * @throws Problem 400 with the unknown and the allowed parameters, or with every wrong parameter
 */
export function parseQuery<S extends z.ZodObject>(schema: S, query: unknown): z.infer<S> {
  const allowed = Object.keys(schema.shape);
  const unknown = Object.keys(query ?? {}).filter((name) => !allowed.includes(name));
  if (unknown.length === 0) return parseBody(schema, query);
  const message =
    allowed.length > 0
      ? `is not a parameter of this list. Use one of ${allowed.join(', ')}.`
      : 'is not a parameter of this list, which takes none.';
  throw new Problem(
    400,
    'unknown_parameter',
    unknown.map((name) => `${name} ${message}`).join(' '),
    unknown.map((field) => ({ field, message })),
  );
}

/** The query of a list without parameters. */
export const noFilters = z.object({});
