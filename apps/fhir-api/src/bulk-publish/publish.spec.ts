import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { BytesClient } from '@payer/fhir-store';
import { createSchema, storeMigrations } from '@payer/fhir-store/migrations';
import { generate } from '@payer/synthetic';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import type { Config } from '../config.js';
import type { Json } from '../gateway/testing/http.js';
import { loadResources } from '../gateway/testing/members.js';
import { bases } from '../gateway/testing/system.js';
import { publicAccess } from '../gateway/open-directory.js';
import { manifestName, onDisk, partialPrefix } from './layout.js';
import {
  exportLock,
  publish,
  PublishingAlready,
  type PublishOptions,
  type PublishReport,
} from './publish.js';
import { PublishedFolder } from './testing/published-folder.js';

const base = bases.sandbox;
const filesUrl = `${base}/directory-export`;
const directory = mkdtempSync(join(tmpdir(), 'directory-export-'));
const folder = new PublishedFolder(directory);
let postgres: TestPostgres;
let config: Config;
let client: BytesClient;

const run = (more: Partial<PublishOptions> = {}): Promise<PublishReport> =>
  publish({ client, access: publicAccess, fhirBaseUrl: base, filesUrl, directory, partSize: 16, ...more });

const connected = async () => {
  const opened = new BytesClient({ connectionString: config.SANDBOX_DATABASE_URL });
  await opened.connect();
  return opened;
};

const practitioner = (id: string, family: string) => ({
  resourceType: 'Practitioner',
  id,
  active: true,
  name: [{ family, text: `Line\nbreak ${family}` }],
});
const load = (...resources: object[]) => loadResources(config, resources);

beforeAll(async () => {
  postgres = await startTestPostgres();
  const url = await postgres.database('fhir');
  await createSchema(url, storeMigrations);
  config = { SANDBOX_DATABASE_URL: url } as Config;
  await load(...generate({ environment: 'sandbox', members: 1 }));
  client = await connected();
  await run();
}, 120_000);
afterAll(async () => {
  await client?.end();
  await postgres?.stop();
  rmSync(directory, { recursive: true, force: true });
});
afterEach(() => expect(readdirSync(directory).filter((name) => name.startsWith(partialPrefix))).toEqual([]));

describe('the directory as files', () => {
  it('has a manifest as Bulk Data has it, and an index of collection Bundles with the same resources', () => {
    expect(folder.manifest).toMatchObject({
      request: `${base}/$bulk-publish`,
      requiresAccessToken: false,
      outputFormat: 'application/fhir+ndjson',
      error: [],
    });
    expect(new Date(folder.manifest.transactionTime).getTime()).toBeLessThanOrEqual(Date.now());
    const files = folder.resources();
    const bundled = new Map<string, string>();
    for (const { url, resourceType, count, fileSize } of folder.index.bundles) {
      const content = folder.contentOf(url);
      expect(Buffer.byteLength(content)).toBe(fileSize);
      const bundle = JSON.parse(content);
      expect(bundle).toMatchObject({ resourceType: 'Bundle', type: 'collection' });
      expect(bundle.entry).toHaveLength(count);
      const times = bundle.entry.map(({ resource }: Json) => resource.meta.lastUpdated);
      expect(new Date(bundle.timestamp)).toEqual(new Date(times.sort().at(-1)));
      for (const { fullUrl, resource } of bundle.entry) {
        expect(fullUrl).toBe(`${base}/${resourceType}/${resource.id}`);
        bundled.set(`${resourceType}/${resource.id}`, JSON.stringify(resource));
      }
    }
    expect(folder.index.provider_urls).toEqual(folder.index.bundles.map(({ url }: Json) => url));
    expect([...bundled.keys()].sort()).toEqual([...files.keys()].sort());
  });

  it('keeps the name, the bytes and the time of every file when nothing has changed', async () => {
    const before = folder.state();
    const time = folder.manifest.transactionTime;
    expect(await run()).toMatchObject({ written: 0, kept: before.length / 2, removed: 0 });
    expect(folder.state()).toEqual(before);
    expect(folder.manifest.transactionTime > time).toBe(true);
  });

  it('writes only the part of a resource that is new, changed or gone', async () => {
    const changes: [change: object[], key: string, family: string | undefined][] = [
      [[practitioner('new-one', 'First')], 'Practitioner/new-one', 'First'],
      [[practitioner('new-one', 'Second')], 'Practitioner/new-one', 'Second'],
      [
        [
          {
            resourceType: 'Bundle',
            type: 'batch',
            entry: [{ request: { method: 'DELETE', url: 'Practitioner/new-one' } }],
          },
        ],
        'Practitioner/new-one',
        undefined,
      ],
    ];
    for (const [change, key, family] of changes) {
      const before = new Map(folder.state().map((file) => [file[0], file]));
      await load(...change);
      const { written, kept } = await run();
      // The change touches one part; a new id may divide one in two.
      expect(written).toBeLessThanOrEqual(2);
      expect(kept).toBeGreaterThan(8);
      const line = folder.resources().get(key);
      expect(line === undefined ? undefined : JSON.parse(line).name[0].family).toBe(family);
      for (const file of folder.state()) if (before.has(file[0])) expect(file).toEqual(before.get(file[0]));
    }
  });

  it('keeps the files of the publication before, and removes older ones', async () => {
    const named = () => (folder.manifest.output as Json[]).map(({ url }) => onDisk(basename(url)));
    const first = named();
    await load(practitioner('another', 'A'));
    await run();
    const gone = first.filter((name) => !named().includes(name));
    expect(gone.length).toBeGreaterThan(0);
    expect(gone.every((name) => existsSync(join(directory, name)))).toBe(true);
    await load(practitioner('another', 'B'));
    expect((await run()).removed).toBeGreaterThan(0);
    expect(gone.some((name) => existsSync(join(directory, name)))).toBe(false);
  });

  it('leaves the last whole publication after a crash before any step, and continues at the next run', async () => {
    writeFileSync(join(directory, `Practitioner-${'0'.repeat(32)}.ndjson.gz`), gzipSync('old'));
    await load(practitioner('crash-1', 'One'));
    const steps: string[] = [];
    const target = mkdtempSync(join(tmpdir(), 'directory-export-steps-'));
    await run({ directory: target, beforeStep: (step) => steps.push(step) });
    rmSync(target, { recursive: true });
    await run();
    for (let n = 0; n < 12; n++) {
      await load(practitioner('crash-2', `At step ${n}`));
      const before = folder.resources();
      let at = 0;
      let hasCrashed = true;
      const crash = run({
        beforeStep: () => {
          if (at++ === n) throw new Error('crash');
        },
      });
      await crash.then(
        () => (hasCrashed = false),
        (error: Error) => expect(error.message).toBe('crash'),
      );
      const after = folder.resources();
      const isNew = after.get('Practitioner/crash-2')?.includes(`At step ${n}"`);
      if (!isNew) expect(after).toEqual(before);
      for (const { url } of folder.index.bundles) JSON.parse(folder.contentOf(url));
      await run();
      expect(folder.resources().get('Practitioner/crash-2')).toContain(`At step ${n}"`);
      if (!hasCrashed) {
        // The run has fewer steps than this: every one was tried.
        expect(n).toBeGreaterThan(5);
        return;
      }
    }
    throw new Error('the runs have more steps than the test tries');
  }, 120_000);

  it('finds the parts that a stopped run has finished', async () => {
    const target = mkdtempSync(join(tmpdir(), 'directory-export-resumed-'));
    try {
      const stopped = run({
        directory: target,
        beforeStep: (step) => {
          if (step === 'write PractitionerRole') throw new Error('stop');
        },
      });
      await expect(stopped).rejects.toThrow('stop');
      expect(existsSync(join(target, manifestName))).toBe(false);
      const finished = readdirSync(target).filter((name) => name.endsWith('.gz')).length / 2;
      expect(finished).toBeGreaterThan(5);
      expect(await run({ directory: target })).toMatchObject({ kept: finished });
    } finally {
      rmSync(target, { recursive: true, force: true });
    }
  });

  it('is written by one run at a time', async () => {
    const other = await connected();
    try {
      await other.query('SELECT pg_advisory_lock($1)', [exportLock]);
      await expect(run()).rejects.toBeInstanceOf(PublishingAlready);
      await other.query('SELECT pg_advisory_unlock($1)', [exportLock]);
      expect((await run()).kept).toBeGreaterThan(5);
    } finally {
      await other.end();
    }
  });

  it('is read in one snapshot: a load during the run is in the next one', async () => {
    let isLoaded = false;
    let loading: Promise<void> | undefined;
    await run({
      onPart: () => {
        if (!loading) loading = load(practitioner('during', 'During')).then(() => void (isLoaded = true));
      },
    });
    await loading;
    expect(isLoaded).toBe(true);
    const wasIn = folder.resources().has('Practitioner/during');
    await run();
    expect([wasIn, folder.resources().has('Practitioner/during')]).toEqual([false, true]);
  });
});

it('overwrites neither the publication of another FHIR base nor a file that is not its own', async () => {
  const before = folder.state();
  await expect(run({ fhirBaseUrl: bases.production })).rejects.toThrow(
    /holds the publication of another FHIR base .*; name another folder, or remove manifest\.json/,
  );
  const other = mkdtempSync(join(tmpdir(), 'directory-export-other-'));
  try {
    for (const text of ['{"output": ', '{"output": {}}', '{"output": [{}]}', 'null']) {
      writeFileSync(join(other, manifestName), text);
      await expect(run({ directory: other })).rejects.toThrow(
        /was not written by this command .*; remove it/,
      );
    }
    expect(readdirSync(other)).toEqual([manifestName]);
  } finally {
    rmSync(other, { recursive: true });
  }
  expect(folder.state()).toEqual(before);
});

it('does not replace a publication by an empty one', async () => {
  const before = folder.state();
  const url = await postgres.database('empty');
  await createSchema(url, storeMigrations);
  const empty = new BytesClient({ connectionString: url });
  await empty.connect();
  try {
    await expect(run({ client: empty })).rejects.toThrow(
      /to publish an empty directory, remove manifest\.json/,
    );
    expect(folder.state()).toEqual(before);
    const target = join(directory, 'new');
    expect(await run({ client: empty, directory: target })).toMatchObject({ written: 0, kept: 0 });
    rmSync(target, { recursive: true });
  } finally {
    await empty.end();
  }
});

describe('npm run export-directory', () => {
  const main = fileURLToPath(new URL('../../dist/bulk-publish/main.js', import.meta.url));
  const command = (args: string[], url = config.SANDBOX_DATABASE_URL) =>
    spawnSync(process.execPath, [main, ...args], {
      env: { ...process.env, NODE_ENV: 'test', SANDBOX_DATABASE_URL: url, SANDBOX_FHIR_BASE_URL: base },
      encoding: 'utf8',
    });

  it('publishes, and its exit code says whether it did', () => {
    const target = mkdtempSync(join(tmpdir(), 'directory-export-command-'));
    try {
      const out = join(target, 'new', 'folder');
      const done = command(['--environment', 'sandbox', '--out', out, '--url', 'https://files.example/d']);
      expect([done.status, done.stdout]).toEqual([0, expect.stringMatching(/parts written, 0 unchanged/)]);
      const made = new PublishedFolder(out);
      expect([...made.resources().keys()].sort()).toEqual([...folder.resources().keys()].sort());
      expect(made.manifest.output[0].url).toMatch(
        /^https:\/\/files\.example\/d\/[A-Z]\w+-[0-9a-f]{32}\.ndjson$/,
      );
      expect(command(['--environment', 'sandbox']).status).toBe(2);
      const nowhere = command(
        ['--environment', 'sandbox', '--out', out],
        'postgres://nobody@localhost:1/none',
      );
      expect([nowhere.status, nowhere.stderr]).toEqual([
        3,
        expect.stringContaining('The last complete publication'),
      ]);
    } finally {
      rmSync(target, { recursive: true, force: true });
    }
  }, 120_000);
});
