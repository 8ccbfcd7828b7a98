import type { Client, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import { BytesClient } from './bytes-client.js';

/** The part of a connection's socket that this file needs; `pg` has no public name for it. */
interface Corkable {
  connection: { stream: { cork(): void; uncork(): void } };
}

/** Milliseconds until a connection is given up, with every query that waits on it. */
const queryTimeout = 10_000;
/**
 * Milliseconds after which PostgreSQL ends a statement, so that it fails alone. Without this limit it would
 * run on after the connection is given up.
 */
const statementTimeout = 8000;

/**
 * One connection that many short queries share. Each query is sent without waiting for the answers of the
 * others, and the queries of one turn of the event loop leave in one packet. Only for selects by key: a slow
 * query delays the queries behind it.
 */
export class PipelinedConnection {
  private client: Client | undefined;
  private connecting: Promise<Client> | undefined;
  private corked = false;

  constructor(private readonly connectionString: string) {}

  async query<Row extends QueryResultRow>(config: QueryConfig): Promise<QueryResult<Row>> {
    const client = this.client ?? (await this.connect());
    this.gather(client as unknown as Corkable);
    return client.query<Row>(config);
  }

  async end(): Promise<void> {
    await (await this.connecting?.catch(() => undefined))?.end();
  }

  private connect(): Promise<Client> {
    this.connecting ??= this.open().catch((error: unknown) => {
      this.connecting = undefined;
      throw error;
    });
    return this.connecting;
  }

  private async open(): Promise<Client> {
    const client = new BytesClient({
      connectionString: this.connectionString,
      application_name: 'fhir-api-reads',
      connectionTimeoutMillis: 5000,
      keepAlive: true,
      query_timeout: queryTimeout,
      statement_timeout: statementTimeout,
      // Not in the types of pg yet.
      ...{ pipeline: true },
    });
    const forget = () => {
      if (this.client === client) this.client = undefined;
      this.connecting = undefined;
    };
    client.on('error', forget);
    client.on('end', forget);
    await client.connect();
    this.client = client;
    return client;
  }

  private gather({ connection: { stream } }: Corkable): void {
    if (this.corked) return;
    this.corked = true;
    stream.cork();
    setImmediate(() => {
      this.corked = false;
      stream.uncork();
    });
  }
}

/** Two connections that queries use in turn, so that PostgreSQL answers on two processors. */
export class PipelinedReads {
  private readonly connections: readonly [PipelinedConnection, PipelinedConnection];
  private turn: 0 | 1 = 0;

  constructor(connectionString: string) {
    this.connections = [new PipelinedConnection(connectionString), new PipelinedConnection(connectionString)];
  }

  query<Row extends QueryResultRow>(config: QueryConfig): Promise<QueryResult<Row>> {
    this.turn = this.turn === 0 ? 1 : 0;
    return this.connections[this.turn].query<Row>(config);
  }

  async end(): Promise<void> {
    await Promise.all(this.connections.map((connection) => connection.end()));
  }
}
