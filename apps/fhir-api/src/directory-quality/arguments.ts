import { parseArgs } from 'node:util';
import { environments, isEnvironment, type Environment } from '@payer/smart/environments';

const names = environments.join('|');

export const usage = `Lists the practitioners, organizations and places that lack something the rules ask for.

  npm run directory-quality -- --environment ${names} [--report FILE.json]

Asked for: names, addresses, phone numbers and specialties (42 CFR 431.70, 422.120); NPI, network, and whether
new patients are accepted (42 CFR 422.111(m)). An element counts when the resource states it, or when a role, an
affiliation, a service or a place that belongs to it does.

--report FILE.json   writes all gaps as JSON; the text names the first of each kind.

Exit code: 0 nothing lacks, 1 something lacks, 2 wrong usage, 3 it stopped before the end.`;

export interface Arguments {
  environment: Environment;
  /** File to write. */
  report: string | undefined;
}

/** @returns a text for the user when the arguments are wrong, or when the user asks for help */
export function readArguments(args?: string[]): Arguments | string {
  try {
    const { values } = parseArgs({
      ...(args ? { args } : {}),
      options: {
        environment: { type: 'string' },
        report: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    if (values.help) return usage;
    const { environment, report } = values;
    if (!isEnvironment(environment))
      return `--environment must be one of ${environments.join(', ')}\n\n${usage}`;
    return { environment, report };
  } catch (error) {
    return `${(error as Error).message}\n\n${usage}`;
  }
}
