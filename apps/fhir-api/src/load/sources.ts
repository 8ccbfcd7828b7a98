import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import type { Readable } from 'node:stream';

/** One thing to load: a resource, or the resources of a Bundle, which go in together. */
export interface Item {
  /** File and line or entry, for messages. */
  place: string;
  resources: Record<string, unknown>[];
}

/** Something that could not be read as JSON. */
export interface Unreadable {
  place: string;
  reason: string;
}

type Json = Record<string, unknown>;

/**
 * Reads resources from a file, a piece at a time: NDJSON, a single resource, a Bundle, each also `.gz`, or a `.tgz` of JSON files.
 * @throws Error when the file cannot be opened or is damaged
 */
export async function* itemsOf(file: string): AsyncGenerator<Item | Unreadable> {
  if (/\.(tgz|tar\.gz)$/.test(file)) return yield* itemsOfArchive(file);
  const raw = createReadStream(file);
  const stream: Readable = file.endsWith('.gz') ? raw.pipe(createGunzip()) : raw;
  if (stream !== raw) raw.on('error', (error) => stream.destroy(error));
  if (/\.ndjson(\.gz)?$/.test(file)) return yield* itemsOfLines(file, stream);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  yield itemOf(file, Buffer.concat(chunks).toString('utf8'));
}

async function* itemsOfLines(file: string, stream: Readable): AsyncGenerator<Item | Unreadable> {
  let number = 0;
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
    number += 1;
    if (line.trim() !== '') yield itemOf(`${file}:${number}`, line);
  }
}

async function* itemsOfArchive(file: string): AsyncGenerator<Item | Unreadable> {
  const archive = extract();
  const raw = createReadStream(file);
  raw.on('error', (error) => archive.destroy(error));
  raw.pipe(createGunzip().on('error', (error) => archive.destroy(error))).pipe(archive);
  for await (const entry of archive) {
    const { name, type } = entry.header;
    if (type !== 'file' || !/\.(json|ndjson)$/.test(name)) {
      entry.resume();
      continue;
    }
    if (name.endsWith('.ndjson')) {
      yield* itemsOfLines(`${file}!${name}`, entry as unknown as Readable);
      continue;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    const item = itemOf(`${file}!${name}`, Buffer.concat(chunks).toString('utf8'));
    // Packages also hold files that are no resources at all, such as their manifest.
    if ('reason' in item || item.resources.some((resource) => resource.resourceType !== undefined))
      yield item;
  }
}

function itemOf(place: string, text: string): Item | Unreadable {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    return { place, reason: `is not JSON: ${(error as Error).message}` };
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    return { place, reason: 'is not a resource: a JSON object is expected' };
  const resource = parsed as Json;
  return { place, resources: resource.resourceType === 'Bundle' ? resourcesOfBundle(resource) : [resource] };
}

interface Entry {
  fullUrl?: string;
  resource?: Json;
}

/** The resources of a Bundle; references to an entry's `urn:` fullUrl are written as `Type/id`. */
function resourcesOfBundle(bundle: Json): Json[] {
  const entries = ((bundle.entry as Entry[] | undefined) ?? []).filter(
    ({ resource }) => resource !== undefined,
  );
  const names = new Map(
    entries
      .filter(({ fullUrl }) => fullUrl?.startsWith('urn:'))
      .map(({ fullUrl, resource }) => [
        fullUrl as string,
        `${String(resource?.resourceType)}/${String(resource?.id)}`,
      ]),
  );
  const resources = entries.map(({ resource }) => resource as Json);
  return names.size === 0
    ? resources
    : resources.map((resource) => renameReferences(resource, names) as Json);
}

function renameReferences(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => renameReferences(item, names));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === 'reference' && typeof item === 'string'
        ? (names.get(item) ?? item)
        : renameReferences(item, names),
    ]),
  );
}
