import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import type { Access } from '../access.js';
import { run, type Text } from '../postgres/database.js';
import { Statement } from '../postgres/statement.js';
import { visibleRows } from '../query/visible-rows.js';

/** Resources of one type with neighbouring ids: the content of one file of an export. */
export interface Part {
  type: string;
  /** The id before the first one; empty for the first part of a type. */
  after: string;
  /** The last id. */
  last: string;
  count: number;
  /** The latest `meta.lastUpdated`. */
  newest: Date;
  /** Hexadecimal. Parts with the same digest have the same resources, byte for byte. */
  digest: string;
}

export interface ExportedResource {
  id: string;
  /** The JSON as it is served, in one line. */
  json: Text;
}

interface Heading {
  id: string;
  /** Version, time and hash: together they identify the content. */
  state: string;
  last_updated: Date;
}

const headingsPerPage = 5000;
const resourcesPerPage = 200;

/**
 * Number of resources of a part on average. A part ends after an id whose hash says so, and not after a
 * number of resources, so that a new resource changes its own part and no later one.
 */
const usualPartSize = 8192;

/**
 * All resources that an access reaches, as of one instant, in one read-only transaction. Memory holds one
 * page of them, whatever the size of the database.
 */
export class ExportSnapshot {
  private constructor(
    private readonly client: ClientBase,
    private readonly access: Access,
    /** Everything that was committed before is in the snapshot, and nothing that was committed later. */
    readonly time: Date,
    private readonly partSize: number,
  ) {}

  /** @param client a connection for this snapshot alone, until {@link close} */
  static async open(client: ClientBase, access: Access, partSize = usualPartSize): Promise<ExportSnapshot> {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { rows } = await client.query<{ now: Date }>('SELECT statement_timestamp() AS now');
    return new ExportSnapshot(client, access, rows[0]!.now, partSize);
  }

  async close(): Promise<void> {
    await this.client.query('ROLLBACK');
  }

  /** The parts of a type in the order of ids, without their resources. */
  async *parts(type: string): AsyncGenerator<Part> {
    let digest = createHash('sha256');
    let after = '';
    let last = '';
    let count = 0;
    let newest = new Date(0);
    const part = (): Part => ({
      type,
      after,
      last,
      count,
      newest,
      digest: digest.digest('hex').slice(0, 32),
    });
    for await (const { id, state, last_updated: updated } of this.headings(type)) {
      digest.update(`${id} ${state}\n`);
      last = id;
      count += 1;
      if (updated > newest) newest = updated;
      if (!this.isLastOfPart(id, count)) continue;
      yield part();
      [digest, after, count, newest] = [createHash('sha256'), last, 0, new Date(0)];
    }
    if (count > 0) yield part();
  }

  /** The resources of a part. */
  async *resources({ type, after, last }: Part): AsyncGenerator<ExportedResource> {
    let from = after;
    for (;;) {
      const rows = await this.page<{ id: string; json: Text }>(
        type,
        'r.id, r.body AS json',
        from,
        resourcesPerPage,
        last,
      );
      yield* rows;
      if (rows.length < resourcesPerPage) return;
      from = rows.at(-1)!.id;
    }
  }

  private async *headings(type: string): AsyncGenerator<Heading> {
    let from = '';
    for (;;) {
      const rows = await this.page<Heading>(type, `r.id, ${stateOf}, r.last_updated`, from, headingsPerPage);
      yield* rows;
      if (rows.length < headingsPerPage) return;
      from = rows.at(-1)!.id;
    }
  }

  private page<Row>(
    type: string,
    columns: string,
    after: string,
    count: number,
    last?: string,
  ): Promise<Row[]> {
    const statement = new Statement();
    const { from, where } = visibleRows(statement, type, this.access, 'r');
    const until = last === undefined ? '' : ` AND r.id <= ${statement.bind(last, '::text')}`;
    return run<Row>(
      this.client,
      `SELECT ${columns} FROM ${from} WHERE ${where} AND r.id > ${statement.bind(after, '::text')}${until}
       ORDER BY r.id LIMIT ${count}`,
      statement.values,
    );
  }

  /** A part never has more than four times the usual number of resources. */
  private isLastOfPart(id: string, count: number): boolean {
    if (count >= 4 * this.partSize) return true;
    return createHash('sha256').update(id).digest().readUInt32BE() % this.partSize === 0;
  }
}

/** The hash covers the content of the source. The store adds the version and the time. */
const stateOf = `r.version || ' ' || extract(epoch FROM r.last_updated) || ' ' || r.body_sha256 AS state`;
