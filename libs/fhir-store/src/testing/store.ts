import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { compartmentTypes, definitions, isCompartmentType } from '../definitions/definitions.js';
import { createSchema, storeMigrations } from '../migrations/index.js';
import { openRepository, type Repository } from '../repository.js';
import { load, type LoadOptions, type LoadReport } from '../load/load.js';
import { BytesClient } from '../postgres/bytes-client.js';
import type { Access } from '../access.js';

export const baseUrl = 'https://fhir.example/interop/external/fhir';
/** Shared types that a directory offers; of a medication only patients know. */
export const directoryTypes = Object.keys(definitions.types).filter(
  (type) => !isCompartmentType(type) && type !== 'Medication',
);
const memberTypes = new Set([...compartmentTypes, ...definitions.referencedTypes]);

export const directory: Access = { types: new Set(directoryTypes) };
export const member = (patient: string): Access => ({ patient, types: memberTypes });

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- Bundles are asserted on, not used
type Bundle = any;

interface TestStoreOptions {
  maxSearchCost?: number;
  /** Those that are run at first; all, when absent. */
  migrations?: typeof storeMigrations;
}

const store = { name: 'store', prepare: (url: string) => createSchema(url) };

/** A new FHIR database with loader and repository. */
export class TestStore {
  pool: Pool;
  engine: Repository;
  /** Of its database. */
  url: string;
  private postgres: TestPostgres;
  private directory: string;

  async start({ maxSearchCost, migrations }: TestStoreOptions = {}): Promise<void> {
    this.postgres = await startTestPostgres();
    const url = await this.postgres.database('fhir', migrations ? undefined : store);
    if (migrations) await createSchema(url, migrations);
    this.url = url;
    this.pool = new Pool({ connectionString: url, max: 6, Client: BytesClient });
    this.pool.on('error', () => undefined);
    this.directory = mkdtempSync(join(tmpdir(), 'payer-load-'));
    const { pool } = this;
    this.engine = openRepository({ pool, environment: 'sandbox', baseUrl, cursorKey: 'test', maxSearchCost });
  }

  async stop(): Promise<void> {
    await this.pool?.end();
    await this.postgres?.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Writes a file and gives its path. */
  file(name: string, content: string | Buffer): string {
    const path = join(this.directory, name);
    writeFileSync(path, content);
    return path;
  }

  /** Loads files; what was rejected is in the report's `reasons`. */
  load(...files: string[]): Promise<LoadReport & { reasons: string[] }> {
    return this.loadWith({}, ...files);
  }

  /** Loads files with options, such as `structure: 'count'` for resources with faults in their structure. */
  async loadWith(
    options: Partial<LoadOptions>,
    ...files: string[]
  ): Promise<LoadReport & { reasons: string[] }> {
    const reasons: string[] = [];
    const report = await load({
      ...options,
      pool: this.pool,
      baseUrl,
      files,
      onRejected: (place, reason) => reasons.push(`${place}: ${reason}`),
    });
    return { ...report, reasons };
  }

  /**
   * Loads resources, all of them. Tests of searches have resources of few elements, which need not be whole.
   */
  async put(resources: readonly object[]): Promise<void> {
    const text = resources.map((resource) => JSON.stringify(resource)).join('\n');
    const file = this.file('resources.ndjson', text);
    const { reasons } = await this.loadWith({ structure: 'count' }, file);
    if (reasons.length > 0) throw new Error(reasons.join('\n'));
  }

  /** A search as it comes in a URL: `Observation?code=x`. */
  async search(query: string, access: Access, handling: 'strict' | 'lenient' = 'strict'): Promise<Bundle> {
    const [type = '', parameters = ''] = query.split(/\?(.*)/s);
    const params = [...new URLSearchParams(parameters)];
    return JSON.parse(String((await this.engine.search({ type, params, access, handling })).json));
  }

  /** The matches of a search, `id` each, in order of the answer. */
  async ids(query: string, access: Access): Promise<string[]> {
    return entries(await this.search(query, access), 'match').map(({ resource }) => resource.id);
  }

  /** The included resources, `Type/id` each, sorted. */
  async included(query: string, access: Access): Promise<string[]> {
    return entries(await this.search(query, access), 'include')
      .map(({ resource }) => `${resource.resourceType}/${resource.id}`)
      .sort();
  }
}

export function entries(bundle: Bundle, mode: 'match' | 'include' | 'outcome'): Bundle[] {
  return (bundle.entry ?? []).filter((entry: Bundle) => entry.search.mode === mode);
}
