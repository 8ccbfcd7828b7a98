import { z } from 'zod';
import { listVariable } from '@payer/service/config';
import {
  environments,
  environmentVariable,
  variablesOfEach,
  type Environment,
} from '@payer/smart/environments';

/** Connection URL of each environment's database. */
const urlVariables = variablesOfEach('DATABASE_URL', (environment) =>
  z.string().default(`postgres://postgres:postgres@localhost:54329/fhir_${environment}`),
);

/** One database for each environment. The loader reads the same variables. */
export const databaseVariables = {
  /** Environments that this process serves or migrates. Databases of other environments need no variables. */
  ENVIRONMENTS: listVariable(environments.join()).pipe(
    z
      .array(z.enum(environments, { error: `must be of ${environments.join(', ')}` }))
      .min(1, 'must name an environment')
      .refine((names) => new Set(names).size === names.length, 'must name each environment once'),
  ),
  ...urlVariables,
};

/** Roles that own the databases, for migrations and loading. Default to the serving role. */
export const ownerVariables = variablesOfEach('MIGRATION_DATABASE_URL', () => z.string().optional());

/**
 * Connection URLs of streaming replicas of each environment's database, separated by commas. They answer
 * reads and searches. Access decisions never use them.
 */
export const replicaVariables = {
  ...variablesOfEach('READ_DATABASE_URLS', () =>
    listVariable('').pipe(
      z.array(z.url({ protocol: /^postgres(ql)?$/, error: 'must be URLs that begin with postgres://' })),
    ),
  ),
  /** Longest replication lag in milliseconds. A replica with a longer or unknown lag is not used. */
  READ_REPLICA_MAX_LAG_MS: z.coerce.number().int().min(1000).max(600_000).default(10_000),
};

type Urls = z.infer<z.ZodObject<typeof urlVariables>>;
type OwnerUrls = Partial<z.infer<z.ZodObject<typeof ownerVariables>>>;

/** Connection URL of an environment's database. */
export function databaseUrl(config: Urls, environment: Environment): string {
  return config[environmentVariable(environment, 'DATABASE_URL')];
}

/** Connection URLs of the read replicas of an environment's database. */
export function readUrls(
  config: Pick<z.infer<z.ZodObject<typeof replicaVariables>>, keyof typeof replicaVariables>,
  environment: Environment,
): string[] {
  return config[environmentVariable(environment, 'READ_DATABASE_URLS')];
}

/** Connection URL of the owner of an environment's database. */
export function ownerUrl(config: Urls & OwnerUrls, environment: Environment): string {
  return (
    config[environmentVariable(environment, 'MIGRATION_DATABASE_URL')] ?? databaseUrl(config, environment)
  );
}
