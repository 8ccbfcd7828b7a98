import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Json } from '../../gateway/testing/http.js';
import { indexName, manifestName, onDisk } from '../layout.js';

/** A folder that holds a publication, as a client would read it. */
export class PublishedFolder {
  constructor(private readonly directory: string) {}

  get manifest(): Json {
    return JSON.parse(this.read(manifestName).toString());
  }

  get index(): Json {
    return JSON.parse(this.read(indexName).toString());
  }

  /** The content of a file by its URL. */
  contentOf(url: string): string {
    return gunzipSync(this.read(onDisk(basename(url)))).toString();
  }

  /**
   * The JSON of all resources that the manifest names, by `Type/id`.
   * @throws Error when a file is not as the manifest says, or when a resource is there twice
   */
  resources(): Map<string, string> {
    const found = new Map<string, string>();
    for (const { type, url, count, fileSize } of this.manifest.output) {
      const content = this.contentOf(url);
      const lines = content.split('\n').filter(Boolean);
      if (lines.length !== count || Buffer.byteLength(content) !== fileSize)
        throw new Error(`${url} has ${lines.length} resources in ${Buffer.byteLength(content)} bytes`);
      for (const line of lines) {
        const { resourceType, id } = JSON.parse(line) as { resourceType: string; id: string };
        const key = `${resourceType}/${id}`;
        if (resourceType !== type || found.has(key)) throw new Error(`${key} is in the wrong file: ${url}`);
        found.set(key, line);
      }
    }
    return found;
  }

  /** Names, times and bytes of all files with resources. */
  state(): [name: string, time: number, bytes: string][] {
    return readdirSync(this.directory)
      .filter((name) => name.endsWith('.gz'))
      .sort()
      .map((name) => [
        name,
        statSync(join(this.directory, name)).mtimeMs,
        this.read(name).toString('base64'),
      ]);
  }

  private read(name: string): Buffer {
    return readFileSync(join(this.directory, name));
  }
}
