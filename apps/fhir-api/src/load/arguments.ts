import { parseArgs } from 'node:util';
import { environments, isEnvironment, type Environment } from '@payer/smart/environments';
import { totalBytes } from '@payer/fhir-store/load';

const names = environments.join('|');

export const usage = `Loads FHIR data into an environment, while the API serves or not.

  npm run load -- --environment ${names} [--base URL]… FILE…
  npm run load -- --environment ${names} --reindex

FILE is NDJSON (.ndjson), a resource or a Bundle (.json), each also .gz, a .tgz of JSON files, or - for NDJSON from the
standard input. A line of NDJSON may be a Bundle. NDJSON is streamed; a Bundle is held in memory.
Loading the same again changes nothing. A bad resource is refused with its place and reason, and the load goes on.
Resources may come in any order. A reference by identifier (Practitioner?identifier=system|value) is replaced by the
resource that has the identifier; the referring resource waits until there is exactly one.
To delete, load a transaction Bundle:
{"resourceType": "Bundle", "type": "transaction", "entry": [{"request": {"method": "DELETE", "url": "Observation/1"}}]}

--base URL   the FHIR base URL of a server of yours: an absolute reference to it becomes local. May be repeated.
--reindex    extracts the index values of all stored resources again: after a release that extracts more or otherwise,
             and after a change of the FHIR base URL. No resource gets another version. The API and loaders may run
             meanwhile. It can be stopped and run again.

Exit code: 0 all is loaded, 1 something was refused, 2 wrong usage, 3 it stopped before the end.`;

export interface Arguments {
  environment: Environment;
  /** Undefined: index the stored resources again. */
  files: string[] | undefined;
  /** FHIR base URLs of the payer's own servers, without a trailing slash. */
  bases: string[];
}

/** @returns a text for the user when the arguments are wrong, or when the user asks for help */
export function readArguments(): Arguments | string {
  try {
    const { values, positionals } = parseArgs({
      options: {
        environment: { type: 'string' },
        base: { type: 'string', multiple: true },
        reindex: { type: 'boolean' },
        help: { type: 'boolean' },
      },
      allowPositionals: true,
    });
    if (values.help) return usage;
    const { environment, reindex, base = [] } = values;
    if (!isEnvironment(environment))
      return `--environment must be one of ${environments.join(', ')}\n\n${usage}`;
    const bases = base.map(baseOf);
    if (reindex) {
      if (positionals.length > 0) return `--reindex takes no file\n\n${usage}`;
      return { environment, files: undefined, bases };
    }
    if (positionals.length === 0) return `name at least one file\n\n${usage}`;
    // Finds a missing file before the first file is loaded.
    totalBytes(positionals);
    return { environment, files: positionals, bases };
  } catch (error) {
    return `${(error as Error).message}\n\n${usage}`;
  }
}

/** @throws Error when it is no base URL */
function baseOf(given: string): string {
  if (!/^https?:\/\/[^\s?#]+$/.test(given))
    throw new Error(`--base "${given}": a URL is expected, such as https://ehr.example/fhir/r4`);
  return given.replace(/\/+$/, '');
}
