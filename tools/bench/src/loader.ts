import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { generate, loadFile, query, type BenchSystem, type DataSize, type Run } from './environment.js';
import { median } from './load-generator.js';
import { processorTimeOfPostgres } from './processor-time.js';

export interface LoaderFigures {
  resources: number;
  megabytes: number;
  perSecond: number;
  copyPerSecond: number;
  share: number;
  /**
   * The processor time of COPY divided by that of the loader, each with PostgreSQL. Other work of the machine
   * changes it less than the duration.
   */
  processorShare: number;
  /** Seconds of processor time of the loader: its process and PostgreSQL. */
  processorSeconds: { loader: number; postgres: number };
}

/**
 * Compares the loader, including the start of its process, with a bare COPY of the same lines into a
 * one-column table.
 */
export async function loader(bench: BenchSystem, size: DataSize): Promise<LoaderFigures> {
  const file = await generate(bench, size);
  const database = bench.system.databaseUrl('fhir_sandbox');
  const count = async () =>
    Number(
      (
        await query<{ n: string }>(
          database,
          'SELECT (SELECT count(*) FROM member_resource) + (SELECT count(*) FROM shared_resource) AS n',
        )
      )[0]!.n,
    );
  const before = await count();
  const floor = [await measured(database, () => bareCopy(database, file))];
  const loaded = await measured(database, () => loadFile(bench, file));
  const resources = (await count()) - before;
  // The floor is fast and so varies by chance; take its median.
  for (let i = 0; i < 2; i++) floor.push(await measured(database, () => bareCopy(database, file)));
  const copySeconds = median(floor.map(({ seconds }) => seconds));
  const copyTime = median(floor.map(({ processorTime, postgres }) => processorTime + postgres));
  return {
    resources,
    megabytes: statSync(file).size / 1e6,
    perSecond: resources / loaded.seconds,
    copyPerSecond: resources / copySeconds,
    share: copySeconds / loaded.seconds,
    processorShare: copyTime / (loaded.processorTime + loaded.postgres),
    processorSeconds: { loader: loaded.processorTime / 1000, postgres: loaded.postgres / 1000 },
  };
}

/**
 * Adds the milliseconds of processor time that PostgreSQL used meanwhile, with its background processes. The
 * few queries of the idle services are among it.
 */
async function measured(database: string, work: () => Promise<Run>): Promise<Run & { postgres: number }> {
  const before = await processorTimeOfPostgres(database);
  const run = await work();
  return { ...run, postgres: (await processorTimeOfPostgres(database)) - before };
}

async function bareCopy(database: string, file: string): Promise<Run> {
  const client = new Client({ connectionString: database });
  await client.connect();
  try {
    await client.query('CREATE TABLE IF NOT EXISTS bare_copy (body text NOT NULL)');
    await client.query('TRUNCATE bare_copy');
    const startedAt = performance.now();
    const before = process.cpuUsage();
    const escaped = async function* () {
      for await (const line of createInterface({ input: createReadStream(file) }))
        yield `${line.replaceAll('\\', '\\\\')}\n`;
    };
    await pipeline(Readable.from(escaped()), client.query(copyFrom('COPY bare_copy FROM STDIN')));
    const { user, system } = process.cpuUsage(before);
    return { seconds: (performance.now() - startedAt) / 1000, processorTime: (user + system) / 1000 };
  } finally {
    await client.query('DROP TABLE bare_copy').catch(() => undefined);
    await client.end();
  }
}
