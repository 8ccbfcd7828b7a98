import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExportSnapshot, Part } from '@payer/fhir-store/export';
import { contentSize, GzipFile } from './gzip-file.js';
import { bundleName, ndjsonName, onDisk, partialPrefix } from './layout.js';
import type { PublishedPart } from './manifest.js';

export interface Target {
  /** The folder. */
  directory: string;
  fhirBaseUrl: string;
  /** Called before each change of the folder. Tests stop the run there. */
  beforeStep: (step: string) => void;
}

/**
 * Makes the two files of a part, NDJSON and collection Bundle, unless both are there. A file gets its name
 * when it is whole, so a file with such a name is whole.
 * @returns the part with its files, and whether they are new
 */
export async function writePart(
  snapshot: ExportSnapshot,
  part: Part,
  target: Target,
): Promise<{ published: PublishedPart; isNew: boolean }> {
  const { directory, fhirBaseUrl } = target;
  const names = { ndjson: ndjsonName(part), bundle: bundleName(part, fhirBaseUrl) };
  const paths = {
    ndjson: join(directory, onDisk(names.ndjson)),
    bundle: join(directory, onDisk(names.bundle)),
  };
  const isNew = !existsSync(paths.ndjson) || !existsSync(paths.bundle);
  if (isNew) await writeFiles(snapshot, part, paths, target);
  const file = async (kind: 'ndjson' | 'bundle') => ({
    name: names[kind],
    bytes: await contentSize(paths[kind]),
  });
  const { type, count } = part;
  return { published: { type, count, ndjson: await file('ndjson'), bundle: await file('bundle') }, isNew };
}

async function writeFiles(
  snapshot: ExportSnapshot,
  part: Part,
  paths: { ndjson: string; bundle: string },
  { directory, fhirBaseUrl, beforeStep }: Target,
): Promise<void> {
  const partial = (kind: string) => join(directory, `${partialPrefix}${part.type}.${kind}`);
  beforeStep(`write ${part.type}`);
  const ndjson = new GzipFile(partial('ndjson'));
  const bundle = new GzipFile(partial('bundle'));
  try {
    await bundle.write(bundleBegin(part));
    let isFirst = true;
    for await (const { id, json } of snapshot.resources(part)) {
      await ndjson.write(json);
      await ndjson.write('\n');
      const fullUrl = JSON.stringify(`${fhirBaseUrl}/${part.type}/${id}`);
      await bundle.write(`${isFirst ? '' : ',\n'}{"fullUrl":${fullUrl},"resource":`);
      await bundle.write(json);
      await bundle.write('}');
      isFirst = false;
    }
    await bundle.write('\n]}\n');
    await ndjson.close();
    await bundle.close();
  } catch (error) {
    await Promise.all([ndjson.abandon(), bundle.abandon()]);
    throw error;
  }
  beforeStep(`name NDJSON of ${part.type}`);
  await rename(partial('ndjson'), paths.ndjson);
  beforeStep(`name Bundle of ${part.type}`);
  await rename(partial('bundle'), paths.bundle);
}

/** The same part begins with the same bytes: the time is that of its newest resource, not of this run. */
const bundleBegin = ({ digest, newest }: Part) =>
  `{"resourceType":"Bundle","id":"${digest}","type":"collection","timestamp":"${newest.toISOString()}","entry":[\n`;
