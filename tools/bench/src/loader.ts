import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { generate, loadFile, query, type BenchSystem, type DataSize } from './environment.js';
import { median } from './load-generator.js';

export interface LoaderFigures {
  resources: number;
  megabytes: number;
  perSecond: number;
  copyPerSecond: number;
  share: number;
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
  const floor = [await bareCopy(database, file)];
  const seconds = await loadFile(bench, file);
  const resources = (await count()) - before;
  // The floor is fast and so varies by chance; take its median.
  floor.push(await bareCopy(database, file), await bareCopy(database, file));
  const copySeconds = median(floor);
  return {
    resources,
    megabytes: statSync(file).size / 1e6,
    perSecond: resources / seconds,
    copyPerSecond: resources / copySeconds,
    share: copySeconds / seconds,
  };
}

async function bareCopy(database: string, file: string): Promise<number> {
  const client = new Client({ connectionString: database });
  await client.connect();
  try {
    await client.query('CREATE TABLE IF NOT EXISTS bare_copy (body text NOT NULL)');
    await client.query('TRUNCATE bare_copy');
    const startedAt = performance.now();
    const escaped = async function* () {
      for await (const line of createInterface({ input: createReadStream(file) }))
        yield `${line.replaceAll('\\', '\\\\')}\n`;
    };
    await pipeline(Readable.from(escaped()), client.query(copyFrom('COPY bare_copy FROM STDIN')));
    return (performance.now() - startedAt) / 1000;
  } finally {
    await client.query('DROP TABLE bare_copy').catch(() => undefined);
    await client.end();
  }
}
