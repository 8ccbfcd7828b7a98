import { parseArgs } from 'node:util';
import { environments, isEnvironment, type Environment } from '@payer/smart/environments';
import type { SensitiveCodes } from '@payer/smart';
import { isLoadableType, totalBytes, type CodeTables, type LoadOptions } from '@payer/fhir-store/load';
import { completenessOf } from './completeness.js';
import { checkOutputs, type NamedFile } from './output-files.js';
import { readCodeTables } from './read-code-tables.js';
import { readSensitiveCodes } from './read-sensitive-codes.js';

const names = environments.join('|');

export const usage = `Loads FHIR data into an environment, while the API serves or not.

  npm run load -- --environment ${names} [options] FILE…
  npm run load -- --environment ${names} --check FILE…
  npm run load -- --environment ${names} --index-changes
  npm run load -- --environment ${names} --reindex [--changed]
  npm run load -- --environment ${names} --waiting
  npm run load -- --environment ${names} --drop-waiting [Type/id…]
  npm run load -- --environment ${names} --drop-versions DATE
  npm run load -- --environment ${names} --runs

FILE is NDJSON (.ndjson, .jsonl), a resource or a Bundle (.json), each also .gz, a .tgz of JSON files, or - for NDJSON from
the standard input. A line of NDJSON may be a Bundle. NDJSON is streamed; a Bundle is held in memory.
Loading the same again changes nothing. A bad resource is refused with its place and reason, and the load goes on.
Resources may come in any order. A reference by identifier (Practitioner?identifier=system|value) is replaced by the
resource that has the identifier; the referring resource waits until there is exactly one.
To delete, load a transaction Bundle:
{"resourceType": "Bundle", "type": "transaction", "entry": [{"request": {"method": "DELETE", "url": "Observation/1"}}]}

Options of a load:
--base URL         the FHIR base URL of a server of yours: an absolute reference to it becomes local. May be repeated.
--structure refuse|count
                   what happens to a resource that does not fit R4's structure (types, cardinality, required codes,
                   dates): it is refused (the default), or stored and only counted.
--snapshot TYPE[,TYPE]…
                   the files hold all resources of these types: stored ones that are absent are deleted. With
                   refusals nothing is deleted. Prior authorizations stay while they are in force, and a year after
                   their last change.
--snapshot-limit N asks first when more than N percent of a type would be deleted (default 10); without a terminal
                   nothing is deleted then.
--as-of [KIND=]TIME
                   the source declares that the files complete its data to this time: of a kind (claims,
                   priorAuthorizations, encounters, clinical, directory), or of each kind that the files have. May be
                   repeated. Without it, the dates of the resources decide how new the data is.
--manifest FILE    the manifest of the Bulk Data export that the files come from: its transactionTime is that time.
--codes FOLDER     names for codes and providers that the files leave bare: CSV files (code,display) named after their
                   code system (npi.csv, ndc.csv, cpt.csv, revenue.csv, ...), or with a column system.
--sensitive-codes label|ignore|FILE.csv
                   codes of sensitive diagnoses, treatments and drugs become labels in meta.security (the default), or
                   not. A CSV file (system,code,label) adds the plan's own, such as ndc,12345-6789*,SUD.
--report FILE      writes the result as JSON: counts, refusals by kind, problems by profile and element, files.
--quarantine FILE  writes the refused resources as NDJSON. Correct them and load that file.

--check            checks the files as a load would, and stores nothing. It needs no database.
--index-changes    says which search parameters are new, redefined or gone since the stored resources were indexed, and
                   how many resources need another indexing. It changes nothing.
--reindex          extracts the index values of all stored resources again: after a release that extracts more or
                   otherwise, and after a change of the FHIR base URL. It renews the labels that resources follow.
                   No resource gets another version. The API and loaders may run meanwhile. It can be stopped and run again.
--reindex --changed
                   does so for the types that --index-changes counts.
--waiting          lists the resources that are not served yet, and the references that they wait for.
--drop-waiting     drops these resources: all, or the named ones.
--drop-versions DATE
                   drops the earlier versions (RESOURCE_HISTORY) that were replaced or deleted before a date, such as
                   2025-01-31. Current resources stay.
--runs             lists the latest loads with their files and counts.

Exit code: 0 all is loaded, 1 something was refused, 2 wrong usage, 3 it stopped before the end.`;

/** Commands that take no option of a load. */
export const commands = [
  'check',
  'index-changes',
  'reindex',
  'waiting',
  'drop-waiting',
  'drop-versions',
  'runs',
] as const;

export interface Arguments {
  environment: Environment;
  command: 'load' | (typeof commands)[number];
  /** Files; of `drop-waiting`, resources. */
  operands: string[];
  /** The time of `drop-versions`. */
  before: Date | undefined;
  /** FHIR base URLs of the payer's own servers, without a trailing slash. */
  bases: string[];
  structure: 'refuse' | 'count';
  /** Types of which the files hold all resources; undefined when the files are no snapshot. */
  snapshot: string[] | undefined;
  /** Whether a reindexing is of the types alone whose search parameters have changed. */
  isOfChanged: boolean;
  /** Percent of a type that a snapshot may delete without a question. */
  snapshotLimit: number;
  /** The times to which the source declares its data complete. */
  completeTo: LoadOptions['completeTo'];
  /** The plan's own names of codes and providers. */
  codeTables: CodeTables | undefined;
  /** Whether sensitive codes become labels. */
  labelsCodes: boolean;
  /** The plan's own codes of sensitive data, in addition. */
  ownSensitiveCodes: readonly SensitiveCodes[];
  /** Files to write. */
  report: string | undefined;
  quarantine: string | undefined;
}

/** @returns a text for the user when the arguments are wrong, or when the user asks for help */
export function readArguments(args = process.argv.slice(2)): Arguments | string {
  try {
    const { values, positionals: operands } = parseArgs({
      args,
      options: {
        environment: { type: 'string' },
        base: { type: 'string', multiple: true },
        structure: { type: 'string', default: 'refuse' },
        snapshot: { type: 'string' },
        'snapshot-limit': { type: 'string', default: '10' },
        'as-of': { type: 'string', multiple: true },
        manifest: { type: 'string' },
        codes: { type: 'string' },
        'sensitive-codes': { type: 'string', default: 'label' },
        report: { type: 'string' },
        quarantine: { type: 'string' },
        changed: { type: 'boolean', default: false },
        ...Object.fromEntries(commands.map((name) => [name, { type: 'boolean' as const }])),
        help: { type: 'boolean' },
      },
      allowPositionals: true,
    });
    if (values.help) return usage;
    const {
      environment,
      base = [],
      structure,
      snapshot,
      'snapshot-limit': limit,
      'as-of': asOf = [],
      manifest,
      codes,
      'sensitive-codes': sensitiveCodes,
      report,
      quarantine,
      changed,
    } = values as {
      environment?: string;
      base?: string[];
      structure: string;
      snapshot?: string;
      'snapshot-limit': string;
      'as-of'?: string[];
      manifest?: string;
      codes?: string;
      'sensitive-codes': string;
      report?: string;
      quarantine?: string;
      changed: boolean;
    };
    if (!isEnvironment(environment))
      return `--environment must be one of ${environments.join(', ')}\n\n${usage}`;
    if (structure !== 'refuse' && structure !== 'count')
      return `--structure must be refuse or count\n\n${usage}`;
    const ownCodes = sensitiveCodes.toLowerCase().endsWith('.csv');
    if (!ownCodes && sensitiveCodes !== 'label' && sensitiveCodes !== 'ignore')
      return `--sensitive-codes must be label, ignore or a CSV file\n\n${usage}`;
    if (!/^(\d{1,2}|100)$/.test(limit))
      return `--snapshot-limit must be a percentage from 0 to 100, not "${limit}"\n\n${usage}`;
    const asked = commands.filter((name) => (values as Record<string, unknown>)[name]);
    const [command = 'load' as const] = asked;
    if (asked.length > 1) return `--${asked.join(' and --')} are two commands\n\n${usage}`;
    if (changed && command !== 'reindex') return `--changed is an option of --reindex\n\n${usage}`;
    const takesFiles = command === 'load' || command === 'check';
    if (takesFiles && operands.length === 0) return `name at least one file\n\n${usage}`;
    const isOfVersions = command === 'drop-versions';
    const before = isOfVersions ? new Date(operands.join()) : undefined;
    if (before && (Number.isNaN(before.getTime()) || !/^\d{4}-\d\d-\d\d/.test(operands.join())))
      return `--drop-versions takes one date, such as 2025-01-31\n\n${usage}`;
    if (!takesFiles && !isOfVersions && command !== 'drop-waiting' && operands.length > 0)
      return `--${command} takes no file\n\n${usage}`;
    // Finds a missing file before the first file is loaded.
    if (takesFiles) totalBytes(operands);
    const named = (option: string, path: string | undefined): NamedFile[] =>
      path === undefined ? [] : [{ option, path }];
    if (takesFiles)
      checkOutputs(
        [...named('--report', report), ...named('--quarantine', quarantine)],
        [
          ...operands.map((path) => ({ option: 'the data to load', path })),
          ...named('--manifest', manifest),
          ...(ownCodes ? named('--sensitive-codes', sensitiveCodes) : []),
        ],
      );
    return {
      environment,
      command,
      operands,
      before,
      bases: base.map(baseOf),
      structure,
      snapshot: snapshot === undefined ? undefined : snapshotTypes(snapshot),
      isOfChanged: changed,
      snapshotLimit: Number(limit),
      completeTo: completenessOf(asOf, manifest),
      codeTables: codes === undefined ? undefined : readCodeTables(codes),
      labelsCodes: sensitiveCodes !== 'ignore',
      ownSensitiveCodes: ownCodes ? readSensitiveCodes(sensitiveCodes) : [],
      report,
      quarantine,
    };
  } catch (error) {
    return `${(error as Error).message}\n\n${usage}`;
  }
}

/** @throws Error when it names no type, or a type that this server does not have */
function snapshotTypes(given: string): string[] {
  const types = given.split(',').map((type) => type.trim());
  const unknown = types.find((type) => !isLoadableType(type));
  if (unknown !== undefined)
    throw new Error(
      `--snapshot "${given}": "${unknown}" is not a resource type of this server; types are written as Practitioner,PractitionerRole`,
    );
  return types;
}

/** @throws Error when it is no base URL */
function baseOf(given: string): string {
  if (!/^https?:\/\/[^\s?#]+$/.test(given))
    throw new Error(`--base "${given}": a URL is expected, such as https://ehr.example/fhir/r4`);
  return given.replace(/\/+$/, '');
}
