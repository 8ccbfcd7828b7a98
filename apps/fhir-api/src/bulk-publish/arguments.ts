import { parseArgs } from 'node:util';
import { environments, isEnvironment, type Environment } from '@payer/smart/environments';

const names = environments.join('|');

export const usage = `Publishes the provider directory as files, while the API serves or not.

  npm run export-directory -- --environment ${names} --out DIR [--url URL]

DIR gets NDJSON by resource type and collection Bundles, both gzip, with manifest.json (Bulk Data
$bulk-publish) and index.json. An unchanged file keeps its name and its bytes. A stopped run leaves the last
whole publication as it was; run it again to go on. Two runs for one environment never write at the same time.

--out DIR   the folder to publish.
--url URL   the address under which DIR is served. Default: [FHIR base]/directory-export, where fhir-api serves
            the folder that SANDBOX_DIRECTORY_EXPORT or PRODUCTION_DIRECTORY_EXPORT names.

Exit code: 0 published, 2 wrong usage, 3 stopped before the end.`;

export interface Arguments {
  environment: Environment;
  directory: string;
  /** Without a trailing slash; undefined for the folder below the FHIR base. */
  url: string | undefined;
}

/** @returns a text for the user when the arguments are wrong, or when the user asks for help */
export function readArguments(args?: string[]): Arguments | string {
  try {
    const { values } = parseArgs({
      ...(args ? { args } : {}),
      options: {
        environment: { type: 'string' },
        out: { type: 'string' },
        url: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    const { environment, out, url, help } = values;
    if (help) return usage;
    if (!isEnvironment(environment))
      return `--environment must be one of ${environments.join(', ')}\n\n${usage}`;
    if (!out) return `--out must name the folder to publish\n\n${usage}`;
    if (url !== undefined && !/^https?:\/\/[^\s?#]+$/.test(url))
      return `--url "${url}": a URL is expected, such as https://files.plan.example/directory\n\n${usage}`;
    return { environment, directory: out, url: url?.replace(/\/+$/, '') };
  } catch (error) {
    return `${(error as Error).message}\n\n${usage}`;
  }
}
