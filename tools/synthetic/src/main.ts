import { parseArgs } from 'node:util';
import { defaultMembers, defaultPractices } from './generate.js';
import type { Environment } from './test-members.js';
import { writeFiles } from './write-files.js';

const usage = `Makes synthetic FHIR data.

  --environment sandbox|production   whose data (required)
  --out DIRECTORY                    where the files go (required)
  --members N                        how many members (default ${defaultMembers.sandbox} and ${defaultMembers.production})
  --practices N                      how many practices the directory has (default ${defaultPractices.sandbox} and ${defaultPractices.production}); each about nine resources
  --seed N                           another seed gives other people (default 1)

Writes <environment>.ndjson, and <environment>.members.ndjson with those who can sign in.`;

class UsageError extends Error {}

function wholeNumber(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,9}$/.test(value)) throw new UsageError(`--${name} must be a whole number, not "${value}"`);
  return Number(value);
}

function options() {
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({
      options: {
        environment: { type: 'string' },
        out: { type: 'string' },
        members: { type: 'string' },
        practices: { type: 'string' },
        seed: { type: 'string' },
        help: { type: 'boolean' },
      },
    }));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  if (values.environment !== 'sandbox' && values.environment !== 'production')
    throw new UsageError('--environment must be sandbox or production');
  if (typeof values.out !== 'string') throw new UsageError('--out must name a directory');
  return {
    environment: values.environment as Environment,
    out: values.out,
    members: wholeNumber('members', values.members as string | undefined),
    practices: wholeNumber('practices', values.practices as string | undefined),
    seed: wholeNumber('seed', values.seed as string | undefined),
  };
}

try {
  const { environment, out, members, practices, seed } = options();
  const startedAt = Date.now();
  const { file, count } = await writeFiles({ environment, members, practices, seed }, out);
  const seconds = (Date.now() - startedAt) / 1000;
  console.log(`${file}: ${count} resources in ${seconds.toFixed(1)} s (${Math.round(count / seconds)}/s)`);
} catch (error) {
  console.error((error as Error).message);
  if (error instanceof UsageError) console.error(`\n${usage}`);
  process.exit(error instanceof UsageError ? 2 : 1);
}
