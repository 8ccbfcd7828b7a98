import { parseArgs } from 'node:util';
import { environments, isEnvironment } from '@payer/smart';
import { sizeOf } from './generate.js';
import { writeFiles } from './write-files.js';

const each = (of: 'members' | 'practices') => environments.map((one) => sizeOf(one)[of]).join(' and ');
const usage = `Makes synthetic FHIR data.

  --environment ${environments.join('|')}   whose data (required)
  --out DIRECTORY                    where the files go (required)
  --members N                        how many members (default ${each('members')})
  --practices N                      how many practices the directory has (default ${each('practices')}); each about nine resources
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
  if (!isEnvironment(values.environment))
    throw new UsageError(`--environment must be ${environments.join(' or ')}`);
  if (typeof values.out !== 'string') throw new UsageError('--out must name a directory');
  return {
    environment: values.environment,
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
