import { createReadStream, readFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip, gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';

export interface PackagedResource {
  resourceType: string;
  url?: string;
  id?: string;
}

/**
 * The resources of a FHIR package (`.tgz`): its definitions, not its examples.
 * @param folder `package` for definitions, `package/example` for examples
 */
export async function readPackage(file: URL, folder = 'package'): Promise<PackagedResource[]> {
  const resources: PackagedResource[] = [];
  const tar = extract();
  tar.on('entry', (header, stream, next) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk) => chunks.push(chunk as Buffer));
    stream.on('end', () => {
      const [directory, name] = [header.name.replace(/\/[^/]*$/, ''), header.name.replace(/.*\//, '')];
      if (
        directory === folder &&
        name.endsWith('.json') &&
        !name.startsWith('.') &&
        name !== 'package.json'
      ) {
        const parsed = JSON.parse(Buffer.concat(chunks).toString('utf8')) as PackagedResource;
        if (parsed.resourceType) resources.push(parsed);
      }
      next();
    });
    stream.on('error', next);
  });
  await pipeline(createReadStream(file), createGunzip(), tar);
  return resources;
}

/**
 * The definitions of FHIR R4 (4.0.1) of one type. SearchParameters and the CompartmentDefinition are as
 * published; of StructureDefinitions and ValueSets the file holds what `tools/third-party/r4-definitions.mjs`
 * keeps.
 */
export function readR4<T>(resourceType: string): T[] {
  const file = new URL('../../../../data/r4/definitions.ndjson.gz', import.meta.url);
  return gunzipSync(readFileSync(file))
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T & PackagedResource)
    .filter((resource) => resource.resourceType === resourceType);
}
