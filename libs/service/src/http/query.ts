import { z } from 'zod';
import { parseBody, Problem } from './problem.js';

/**
 * Reads the query of a list by its schema. A parameter that the schema does not name is an error: a filter that is
 * silently ignored answers another question than the one that was asked.
 * @throws Problem 400 naming the unknown parameters and the allowed ones, or every parameter at fault
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

/** The query of a list that takes no parameters. */
export const noFilters = z.object({});
