import type { Environment } from '@payer/smart/environments';
import { environmentNames, readOptions } from '../directory-command/read-options.js';

export const usage = `Publishes the provider directory as files, while the API serves or not.

  npm run export-directory -- --environment ${environmentNames} --out DIR [--url URL]

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
export const readArguments = (args?: string[]): Arguments | string =>
  readOptions(
    usage,
    ['out', 'url'],
    (environment, { out, url }): Arguments | string => {
      if (!out) return '--out must name the folder to publish';
      if (url !== undefined && !/^https?:\/\/[^\s?#]+$/.test(url))
        return `--url "${url}": a URL is expected, such as https://files.plan.example/directory`;
      return { environment, directory: out, url: url?.replace(/\/+$/, '') };
    },
    args,
  );
