import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ClientBase } from 'pg';
import type { Access } from '@payer/fhir-store';
import { ExportSnapshot } from '@payer/fhir-store/export';
import { indexName, isContentFile, manifestName, onDisk, partialPrefix } from './layout.js';
import {
  indexOf,
  manifestOf,
  requestOf,
  type Manifest,
  type Publication,
  type PublishedPart,
} from './manifest.js';
import { writePart } from './write-part.js';

export interface PublishOptions {
  /** A connection that nothing else uses. */
  client: ClientBase;
  access: Access;
  fhirBaseUrl: string;
  /** URL under which the folder is served, without a trailing slash. */
  filesUrl: string;
  /** The folder; it is made when it is missing. */
  directory: string;
  /** Resources of a part on average; the default of the store when absent. */
  partSize?: number;
  beforeStep?: (step: string) => void;
  onPart?: (part: PublishedPart, isNew: boolean) => void;
}

export interface PublishReport {
  time: Date;
  resources: Record<string, number>;
  /** Parts whose files were written, and whose files were there. */
  written: number;
  kept: number;
  /** Files that were removed. */
  removed: number;
}

/** Another run writes to the folder of this environment. */
export class PublishingAlready extends Error {}

/** An arbitrary number. Exports of one database run one after the other under this lock. */
export const exportLock = 7_403_119;

/**
 * Publishes the directory as files. A crash at any moment leaves the last whole publication as it was: files
 * are written beside it, and the manifest is replaced last. A run after a crash, or after a night without a
 * change, finds the parts that are there and writes the others only.
 * @throws PublishingAlready
 */
export async function publish(options: PublishOptions): Promise<PublishReport> {
  const { client, directory } = options;
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const { rows } = await client.query<{ is_ours: boolean }>('SELECT pg_try_advisory_lock($1) AS is_ours', [
    exportLock,
  ]);
  if (!rows[0]!.is_ours)
    throw new PublishingAlready('another export of this environment runs; wait until it has ended');
  try {
    return await publishAlone(options);
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [exportLock]).catch(() => undefined);
  }
}

async function publishAlone(options: PublishOptions): Promise<PublishReport> {
  const { client, access, fhirBaseUrl, filesUrl, directory, onPart } = options;
  const beforeStep = options.beforeStep ?? (() => undefined);
  const before = await publishedFiles(directory, fhirBaseUrl);
  const target = { directory, fhirBaseUrl, beforeStep };
  const parts: PublishedPart[] = [];
  const report: PublishReport = { time: new Date(0), resources: {}, written: 0, kept: 0, removed: 0 };
  const snapshot = await ExportSnapshot.open(client, access, options.partSize);
  try {
    report.time = snapshot.time;
    for (const type of [...access.types].sort())
      for await (const part of snapshot.parts(type)) {
        const { published, isNew } = await writePart(snapshot, part, target);
        parts.push(published);
        report[isNew ? 'written' : 'kept'] += 1;
        report.resources[type] = (report.resources[type] ?? 0) + part.count;
        onPart?.(published, isNew);
      }
  } finally {
    await snapshot.close();
  }
  // More likely, the command reads the wrong database, or one that is not loaded yet.
  if (parts.length === 0 && before.size > 0)
    throw new Error(
      `the database has no resource of the directory, and ${directory} holds a publication; to publish an empty directory, remove ${manifestName} there`,
    );
  const publication: Publication = { time: snapshot.time, fhirBaseUrl, filesUrl, parts };
  await syncDirectory(directory);
  await replace(directory, indexName, indexOf(publication), beforeStep);
  await replace(directory, manifestName, manifestOf(publication), beforeStep);
  report.removed = await removeOthers(directory, parts, before, beforeStep);
  return report;
}

/** Replaces a file as a whole: a reader sees the old one or the new one. */
async function replace(
  directory: string,
  name: string,
  content: object,
  beforeStep: (step: string) => void,
): Promise<void> {
  const partial = join(directory, `${partialPrefix}${name}`);
  beforeStep(`write ${name}`);
  const handle = await open(partial, 'w', 0o644);
  try {
    await handle.writeFile(`${JSON.stringify(content, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  beforeStep(`name ${name}`);
  await rename(partial, join(directory, name));
  await syncDirectory(directory);
}

/** Makes the names of a folder last beyond a loss of power. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Names on disk of the files that the folder's manifest and index name now.
 * @throws Error when the folder holds something else, or the publication of another FHIR base: it would be
 * overwritten
 */
async function publishedFiles(directory: string, fhirBaseUrl: string): Promise<Set<string>> {
  const read = async <Content>(name: string, urlsOf: (content: Partial<Content>) => string[]) => {
    const path = join(directory, name);
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '{}';
      throw error;
    });
    try {
      const content = JSON.parse(text) as Partial<Content>;
      return { content, files: urlsOf(content).map((url) => onDisk(basename(url))) };
    } catch (error) {
      throw new Error(
        `${path} was not written by this command (${(error as Error).message}); remove it, or name another folder`,
        { cause: error },
      );
    }
  };
  const urls = (named: { url: string }[] = []) => named.map(({ url }) => url);
  const manifest = await read<Manifest>(manifestName, ({ output }) => urls(output));
  const index = await read<ReturnType<typeof indexOf>>(indexName, ({ bundles }) => urls(bundles));
  const { request } = manifest.content;
  if (request !== undefined && request !== requestOf(fhirBaseUrl))
    throw new Error(
      `${directory} holds the publication of another FHIR base (${request}); name another folder, or remove ${manifestName} there if the base has a new URL`,
    );
  return new Set([...manifest.files, ...index.files]);
}

/**
 * Removes partial files, and files of older publications. The files of the publication before stay for one
 * more run, because a client may be reading them by the manifest that it has.
 */
async function removeOthers(
  directory: string,
  parts: readonly PublishedPart[],
  before: ReadonlySet<string>,
  beforeStep: (step: string) => void,
): Promise<number> {
  const current = new Set(parts.flatMap(({ ndjson, bundle }) => [onDisk(ndjson.name), onDisk(bundle.name)]));
  const isStale = (name: string) =>
    name.startsWith(partialPrefix) || (isContentFile(name) && !current.has(name) && !before.has(name));
  const stale = (await readdir(directory)).filter(isStale);
  for (const name of stale) {
    beforeStep(`remove ${name}`);
    await rm(join(directory, name), { force: true });
  }
  return stale.length;
}
