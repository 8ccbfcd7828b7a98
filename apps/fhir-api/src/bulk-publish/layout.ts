import { createHash } from 'node:crypto';
import type { Part } from '@payer/fhir-store/export';

/*
 * The folder of a published directory. The names of files with resources follow from their content. So a file
 * never changes, and an unchanged part keeps its name from one night to the next. The files are gzip. The
 * name on disk ends in `.gz`, and the URL does not, as nginx's `gzip_static` has it.
 */

/** The manifest of `$bulk-publish`. It is written last: the files that it names are whole. */
export const manifestName = 'manifest.json';
/** The list of the collection Bundles, which Medicare Plan Finder reads. */
export const indexName = 'index.json';
/** Files of a run that has not finished begin with it. */
export const partialPrefix = '.partial-';

/** Path of the files below the FHIR base. */
export const filesPath = 'directory-export';

const contentName = /^[A-Z][A-Za-z]*-[0-9a-f]{32}\.(ndjson|json)$/;

/** Whether a name, as it is in a URL, can be that of a published file. No other name is ever opened. */
export const isPublishedName = (name: string): boolean => contentName.test(name) || name === indexName;

export const isContentFile = (nameOnDisk: string): boolean =>
  nameOnDisk.endsWith('.gz') && contentName.test(nameOnDisk.slice(0, -'.gz'.length));

/** The resource type in a file's name. */
export const typeOfName = (name: string): string => name.slice(0, name.indexOf('-'));

export const onDisk = (name: string): string => (contentName.test(name) ? `${name}.gz` : name);

export const ndjsonName = ({ type, digest }: Part): string => `${type}-${digest}.ndjson`;

/** A Bundle has full URLs, so its name depends on the base, too. */
export function bundleName({ type, digest }: Part, fhirBaseUrl: string): string {
  const hash = createHash('sha256').update(`Bundle ${digest} ${fhirBaseUrl}`).digest('hex');
  return `${type}-${hash.slice(0, 32)}.json`;
}
