import { z } from 'zod';

/** Raised at start when the environment is wrong: names each variable, what it was, and what it must be. */
export class ConfigError extends Error {}

const secretDefaults = new Map<z.ZodType, string>();

/**
 * A variable that holds a secret: it has a default so that a single machine needs no set-up, the default is refused with
 * `NODE_ENV=production`, and its value never appears in a message.
 */
export function secret(localDefault: string) {
  const schema = z.string().min(16, 'must have at least 16 characters').default(localDefault);
  secretDefaults.set(schema, localDefault);
  return schema;
}

const neededInProduction = new Set<z.ZodType>();

/** A variable that a single machine may leave out, and that `NODE_ENV=production` needs: no default would be right there. */
export function setInProduction<Schema extends z.ZodType>(schema: Schema) {
  const optional = schema.optional();
  neededInProduction.add(optional);
  return optional;
}

/** An absolute http(s) URL, kept without a trailing slash. */
export function urlVariable(localDefault: string) {
  return z
    .url({ protocol: /^https?$/, error: 'must be an absolute http(s) URL' })
    .default(localDefault)
    .transform((url) => url.replace(/\/$/, ''));
}

/** A comma-separated list. */
export function listVariable(localDefault: string) {
  return z
    .string()
    .default(localDefault)
    .transform((value) =>
      value
        .split(',')
        .map((item) => item.trim())
        .filter(Boolean),
    );
}

/**
 * Reads configuration from environment variables, once, at start.
 * @throws ConfigError with one line per wrong variable
 */
export function loadConfig<Shape extends z.ZodRawShape>(
  variables: Shape,
  environment: Record<string, string | undefined> = process.env,
): z.infer<z.ZodObject<Shape>> {
  const given = Object.fromEntries(
    Object.keys(variables)
      .filter((name) => environment[name] !== undefined && environment[name] !== '')
      .map((name) => [name, environment[name]]),
  );
  const parsed = z.object(variables).safeParse(given);
  const problems: string[] = [];
  if (!parsed.success)
    for (const issue of parsed.error.issues) {
      const name = String(issue.path[0]);
      const hidden = secretDefaults.has(variables[name] as unknown as z.ZodType);
      const was = given[name] === undefined ? 'is not set' : hidden ? 'is set' : `is "${given[name]}"`;
      problems.push(`${name} ${was}: ${issue.message}`);
    }
  if (environment.NODE_ENV === 'production')
    for (const [name, schema] of Object.entries(variables)) {
      if (neededInProduction.has(schema as unknown as z.ZodType) && given[name] === undefined)
        problems.push(`${name} must be set when NODE_ENV is production`);
      const local = secretDefaults.get(schema as unknown as z.ZodType);
      if (local !== undefined && (given[name] === undefined || given[name] === local))
        problems.push(`${name} must be set to a secret of your own when NODE_ENV is production`);
    }
  if (problems.length > 0) throw new ConfigError(`Configuration is wrong:\n  ${problems.join('\n  ')}`);
  return (parsed as { data: z.infer<z.ZodObject<Shape>> }).data;
}
