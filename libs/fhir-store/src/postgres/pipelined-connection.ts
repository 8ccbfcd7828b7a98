import type { ClientConfig, QueryConfig } from 'pg';
import { BatchBuilder, type Waiting } from './batch.js';
import { Packet } from './bind-message.js';
import { BytesClient } from './bytes-client.js';

/** Milliseconds until a connection is given up, with every query that waits on it. */
const queryTimeout = 10_000;
/**
 * Milliseconds after which PostgreSQL ends a statement, so that it fails alone. Without this limit it would
 * run on after the connection is given up.
 */
const statementTimeout = 8000;
/** Statements of one batch. The last ones of a longer batch would wait for all the others. */
const maxBatch = 32;

/** A connection that is open, with the statements that it has prepared. */
interface Open {
  client: BytesClient;
  builder: BatchBuilder;
}

/**
 * One connection that many short queries share. The queries of one turn of the event loop, and those that
 * have come while the connection was busy, leave in one packet (`Batch`). Only for selects by key: a slow
 * query delays the queries behind it.
 */
export class PipelinedConnection {
  private open: Open | undefined;
  private connecting: Promise<Open> | undefined;
  private waiting: Waiting[] = [];
  private isScheduled = false;
  private isBusy = false;

  /** @param settings of the server for this connection */
  constructor(
    private readonly connectionString: string,
    private readonly settings: Pick<ClientConfig, 'options'> = {},
  ) {}

  query<Row>(statement: QueryConfig): Promise<{ rows: Row[] }> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ statement, since: performance.now(), resolve, reject });
      this.schedule();
    });
  }

  async end(): Promise<void> {
    await (await this.connecting?.catch(() => undefined))?.client.end();
  }

  private schedule(): void {
    if (this.isScheduled || this.isBusy || this.waiting.length === 0) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      if (this.open) this.send(this.open);
      else void this.sendWhenOpen();
    });
  }

  private async sendWhenOpen(): Promise<void> {
    this.isBusy = true;
    try {
      const open = await this.connect();
      this.isBusy = false;
      this.send(open);
    } catch (error) {
      const failed = this.waiting;
      this.waiting = [];
      this.isBusy = false;
      for (const { reject } of failed) reject(error as Error);
    }
  }

  private send({ client, builder }: Open): void {
    const batch = builder.build(this.nextWaiting());
    if (batch === undefined) return this.schedule();
    this.isBusy = true;
    client.receiver = batch;
    batch.ended = (skipped, failed) => {
      client.receiver = undefined;
      this.isBusy = false;
      if (failed) builder.giveUp(failed.name);
      if (skipped.length > 0) builder.giveUpSkipped();
      this.waiting.unshift(...skipped);
      this.schedule();
    };
    client.query(batch as never);
  }

  /** Takes the statements of the next batch. A statement that has waited for too long is refused. */
  private nextWaiting(): Waiting[] {
    const next = this.waiting.splice(0, maxBatch);
    const oldest = performance.now() - queryTimeout;
    return next.filter(({ since, reject }) => {
      if (since >= oldest) return true;
      reject(new Error('Query read timeout'));
      return false;
    });
  }

  private connect(): Promise<Open> {
    this.connecting ??= this.openClient().catch((error: unknown) => {
      this.connecting = undefined;
      throw error;
    });
    return this.connecting;
  }

  private async openClient(): Promise<Open> {
    const client = new BytesClient({
      connectionString: this.connectionString,
      application_name: 'fhir-api-reads',
      connectionTimeoutMillis: 5000,
      keepAlive: true,
      query_timeout: queryTimeout,
      statement_timeout: statementTimeout,
      ...this.settings,
      // Not in the types of pg yet.
      ...{ pipeline: true },
    });
    const open: Open = { client, builder: new BatchBuilder(new Packet()) };
    const forget = () => {
      if (this.open === open) this.open = undefined;
      this.connecting = undefined;
    };
    client.on('error', forget);
    client.on('end', forget);
    await client.connect();
    this.open = open;
    return open;
  }
}

/**
 * Plans a statement once for each connection, whatever its values. Tables of members have partitions, of which
 * PostgreSQL counts all when it estimates such a plan; so it would plan every execution anew, which takes
 * longer than the read.
 */
export const plannedOnce = { options: '-c plan_cache_mode=force_generic_plan' };

/** Two connections that queries use in turn, so that PostgreSQL answers on two processors. */
export class PipelinedReads {
  private readonly connections: readonly [PipelinedConnection, PipelinedConnection];
  private turn: 0 | 1 = 0;

  constructor(connectionString: string, settings: Pick<ClientConfig, 'options'> = {}) {
    const open = () => new PipelinedConnection(connectionString, settings);
    this.connections = [open(), open()];
  }

  query<Row>(statement: QueryConfig): Promise<{ rows: Row[] }> {
    this.turn = this.turn === 0 ? 1 : 0;
    return this.connections[this.turn].query<Row>(statement);
  }

  async end(): Promise<void> {
    await Promise.all(this.connections.map((connection) => connection.end()));
  }
}
