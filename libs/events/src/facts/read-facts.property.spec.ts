import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GrantState } from '@payer/smart';
import { propertyParameters, startTestPostgres, type TestPostgres } from '@payer/testing';
import fc from 'fast-check';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { AddRecovery1764260000000 } from '../recovery/recovery.migration.js';
import { CreateFactFeed1764200000000 } from './migration.js';
import { readFacts, type FactSource } from './read-facts.js';

/** Number of the owner's sessions that write concurrently. */
const writers = 3;
let postgres: TestPostgres;
let source: DataSource;
const clients: Client[] = [];

beforeAll(async () => {
  postgres = await startTestPostgres();
  const url = await postgres.database('owner');
  source = await new DataSource({
    type: 'postgres',
    url,
    migrations: [CreateFactFeed1764200000000, AddRecovery1764260000000],
  }).initialize();
  await source.runMigrations();
  await source.query(`
    CREATE TABLE fact (id text PRIMARY KEY, version int NOT NULL, changed_at timestamptz NOT NULL DEFAULT now(),
                       changed_by xid8 NOT NULL DEFAULT pg_current_xact_id());
    CREATE TRIGGER changed BEFORE UPDATE ON fact FOR EACH ROW EXECUTE FUNCTION mark_changed()`);
  for (let i = 0; i < writers; i += 1) {
    const client = new Client({ connectionString: url });
    await client.connect();
    clients.push(client);
  }
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.end()));
  await source.destroy();
  await postgres.stop();
});

const feed: FactSource<'consent', { id: string; version: number }> = {
  select: 'SELECT id, version, id AS key, changed_by, changed_at FROM fact',
  toFact: ({ id, version }) => ({ grant_id: id, version }) as GrantState,
};

/** Overlapping transactions of three sessions, and a reader that proceeds from cursor to cursor. */
class Simulation {
  private readonly open = new Map<Client, Map<string, number>>();
  private readonly committed = new Map<string, number>();
  private readonly known = new Map<string, number>();
  private cursor: string | undefined;
  private versions = 0;

  constructor(private readonly run: number) {}

  /** Writes in the session's transaction; skips a row that another session has written. */
  async write(writer: number, key: number): Promise<void> {
    const client = clients[writer]!;
    const id = `${this.run}-${key}`;
    const others = [...this.open].filter(([other]) => other !== client);
    if (others.some(([, written]) => written.has(id))) return;
    let written = this.open.get(client);
    if (!written) {
      await client.query('BEGIN');
      this.open.set(client, (written = new Map()));
    }
    const version = (this.versions += 1);
    await client.query(
      'INSERT INTO fact (id, version) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET version = excluded.version',
      [id, version],
    );
    written.set(id, version);
  }

  async finish(writer: number, commits: boolean): Promise<void> {
    const client = clients[writer]!;
    const written = this.open.get(client);
    if (!written) return;
    this.open.delete(client);
    await client.query(commits ? 'COMMIT' : 'ROLLBACK');
    if (commits) for (const [id, version] of written) this.committed.set(id, version);
  }

  async read(): Promise<void> {
    this.cursor ??= (await readFacts(source, feed, { after: '0' })).cursor;
    const { cursor, facts } = await readFacts(source, feed, { after: this.cursor });
    this.cursor = cursor;
    for (const { grant_id: id, version } of facts as GrantState[])
      this.known.set(id, Math.max(version, this.known.get(id) ?? 0));
    expect(Object.fromEntries(this.known)).toEqual(Object.fromEntries(this.committed));
  }

  async end(): Promise<void> {
    for (let writer = 0; writer < writers; writer += 1) await this.finish(writer, false);
  }
}

const step = fc.oneof(
  fc.record({ act: fc.constant('write' as const), writer: fc.nat(writers - 1), key: fc.nat(3) }),
  fc.record({ act: fc.constant('write' as const), writer: fc.nat(writers - 1), key: fc.nat(3) }),
  fc.record({ act: fc.constant('finish' as const), writer: fc.nat(writers - 1), commits: fc.boolean() }),
  fc.record({ act: fc.constant('read' as const) }),
);

let runs = 0;
it('a reader that goes from cursor to cursor knows what has committed, in whatever order transactions overlap', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const simulation = new Simulation((runs += 1));
      try {
        await simulation.read();
        for (const each of steps) {
          if (each.act === 'write') await simulation.write(each.writer, each.key);
          else if (each.act === 'finish') await simulation.finish(each.writer, each.commits);
          else await simulation.read();
        }
      } finally {
        await simulation.end();
      }
    }),
    propertyParameters(60),
  );
}, 120_000);
