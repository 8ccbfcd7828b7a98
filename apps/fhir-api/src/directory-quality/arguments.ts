import type { Environment } from '@payer/smart/environments';
import { environmentNames, readOptions } from '../directory-command/read-options.js';

export const usage = `Lists the practitioners, organizations and places that lack something the rules ask for.

  npm run directory-quality -- --environment ${environmentNames} [--report FILE.json]

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
export const readArguments = (args?: string[]): Arguments | string =>
  readOptions(usage, ['report'], (environment, { report }) => ({ environment, report }), args);
