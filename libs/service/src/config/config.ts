import { environmentOfVariable } from '@payer/smart/environments';
import { z } from 'zod';
import { weaknessOfDatabaseUrl, weaknessOfSecret } from './weakness.js';

/**
 * Thrown at start when the environment is wrong. Names each wrong variable with its value and the allowed
 * values.
 */
export class ConfigError extends Error {
  /** @param problems one per variable */
  constructor(readonly problems: readonly string[]) {
    super(`Configuration is wrong:\n  ${problems.join('\n  ')}`);
  }
}

/** A URL with its password hidden. */
const withoutPassword = (value: string) => value.replace(/(\/\/[^:/@\s]*):[^@\s]*@/g, '$1:…@');

/** The most characters of a value in a message. */
const longestShown = 200;
const shortened = (value: string) =>
  value.length > longestShown ? `${value.slice(0, longestShown)}…` : value;

const secretDefaults = new Map<z.ZodType, string>();
const publicAddresses = new WeakSet<object>();
const onlyInProduction = new WeakSet<object>();
const problemsInProduction = new WeakMap<object, (value: string) => string | undefined>();

type Environment = Record<string, string | undefined>;

/** The values of these variables contain a password, so no message shows one. */
const isDatabaseUrl = (name: string) => name.endsWith('DATABASE_URL');

/**
 * A variable with a secret. Its default lets a single machine run without set-up. With `NODE_ENV=production`
 * the default and guessable secrets are refused. No message contains the value.
 */
export function secret(localDefault: string) {
  const schema = z.string().min(16, 'must have at least 16 characters').default(localDefault);
  secretDefaults.set(schema, localDefault);
  return schema;
}

/**
 * A public address: an absolute http(s) URL, stored without a trailing slash. Must be https with
 * `NODE_ENV=production`.
 */
export function urlVariable(localDefault: string) {
  const schema = z
    .url({ protocol: /^https?$/, error: 'must be an absolute http(s) URL' })
    .default(localDefault)
    .transform((url) => url.replace(/\/$/, ''));
  publicAddresses.add(schema);
  return schema;
}

/** A variable that is optional on a single machine and required in production. */
export function requiredInProduction<Schema extends z.ZodType>(schema: Schema): Schema {
  onlyInProduction.add(schema);
  return schema;
}

/**
 * A variable whose value may be acceptable on a single machine only.
 * @param problemOf the problem of a value with `NODE_ENV=production`, such as "must be an https address"
 */
export function strictInProduction<Schema extends z.ZodType>(
  schema: Schema,
  problemOf: (value: string) => string | undefined,
): Schema {
  problemsInProduction.set(schema, problemOf);
  return schema;
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
  const problems = [
    ...(parsed.error?.issues ?? []).map((issue) => {
      const name = String(issue.path[0]);
      const hidden = secretDefaults.has(variables[name] as unknown as z.ZodType) || isDatabaseUrl(name);
      const was =
        given[name] === undefined
          ? 'is not set'
          : hidden
            ? 'is set'
            : `is "${shortened(withoutPassword(given[name]))}"`;
      return `${name} ${was}: ${issue.message}`;
    }),
    ...(environment.NODE_ENV === 'production' ? weakInProduction(variables, given, environment) : []),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  return (parsed as { data: z.infer<z.ZodObject<Shape>> }).data;
}

/** One line per variable with a value that is acceptable only on a single machine. */
function weakInProduction(variables: z.ZodRawShape, given: Environment, environment: Environment): string[] {
  const problems: string[] = [];
  const add = (name: string, problem: string) =>
    problems.push(`${name} ${problem} when NODE_ENV is production`);
  const secrets = new Map<string, string>();
  for (const [name, schema] of Object.entries(variables)) {
    const value = given[name];
    const local = secretDefaults.get(schema as unknown as z.ZodType);
    if (local !== undefined) {
      const weakness = value === undefined || value === local ? undefined : weaknessOfSecret(value);
      if (value === undefined || value === local) add(name, 'must be set to a secret of your own');
      else if (weakness) add(name, `${weakness}: it must be random, such as of "openssl rand -hex 32",`);
      const twin = value === undefined ? undefined : secrets.get(value);
      if (twin) add(name, `has the value of ${twin}: each secret must have a value of its own`);
      else if (value !== undefined) secrets.set(value, name);
    } else if (isDatabaseUrl(name) && isUsed(name, given)) {
      const weakness =
        value === undefined ? undefined : weaknessOfDatabaseUrl(value, hasOtherProof(name, environment));
      if (value === undefined) add(name, 'must be set to a database of your own');
      else if (weakness) add(name, `${weakness}, which is not allowed`);
    } else if (publicAddresses.has(schema)) {
      if (value === undefined) add(name, 'must be set to the public https address');
      else if (!/^https:/i.test(value)) add(name, `is "${value}": must be an https address`);
    } else if (onlyInProduction.has(schema) && value === undefined) add(name, 'must be set');
    const problem = value === undefined ? undefined : problemsInProduction.get(schema)?.(value);
    if (problem) add(name, problem);
  }
  if ('KAFKA_BROKERS' in variables && given.EVENT_TRANSPORT === 'kafka' && isOpenKafka(given))
    add(
      'EVENT_TRANSPORT',
      'is "kafka" with neither KAFKA_SSL nor KAFKA_SASL_MECHANISM, which is not allowed',
    );
  return problems;
}

/** Whether anybody in the network can read and write the events. */
const isOpenKafka = ({ KAFKA_SSL: ssl, KAFKA_SASL_MECHANISM: sasl }: Environment): boolean =>
  ssl !== 'true' && sasl === undefined;

/**
 * Whether a database URL needs no password: PostgreSQL's own variables give one, or the step connects as the
 * owner of the tables and reads only the name of the serving role from this URL.
 */
const hasOtherProof = (name: string, environment: Environment): boolean =>
  [
    'PGPASSWORD',
    'PGPASSFILE',
    ...(name.includes('MIGRATION_') ? [] : [name.replace('DATABASE_URL', 'MIGRATION_DATABASE_URL')]),
  ].some((other) => (environment[other] ?? '') !== '');

/**
 * Whether the database URL, of the role that serves or of the owner, is used. The log's database is used only
 * by the PostgreSQL transport, and an environment's database only where the environment is served.
 */
function isUsed(name: string, given: Environment): boolean {
  const serving = name.replace('MIGRATION_DATABASE_URL', 'DATABASE_URL');
  if (serving === 'EVENTS_DATABASE_URL') return given.EVENT_TRANSPORT !== 'kafka';
  const environment = environmentOfVariable(serving, 'DATABASE_URL');
  return !environment || !given.ENVIRONMENTS || given.ENVIRONMENTS.includes(environment);
}
