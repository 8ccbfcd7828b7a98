import type { ClientConfig, QueryConfig } from 'pg';
import { Packet } from './bind-message.js';
import { BytesClient } from './bytes-client.js';
import { atEndOfTurn } from './end-of-turn.js';
import { PipelinedRead, PreparedStatements } from './pipelined-read.js';

/** Milliseconds until a connection is given up, with every query that waits on it. */
const queryTimeout = 10_000;
/**
 * Milliseconds after which PostgreSQL ends a statement, so that it fails alone. Without this limit it would
 * run on after the connection is given up.
 */
const statementTimeout = 8000;

/** A connection that is open. `pg` has no public name for its socket. */
interface Open {
  client: BytesClient & { connection: { stream: NodeJS.WritableStream } };
  /** Statements that leave in this turn of the event loop. */
  packet: Packet;
  statements: PreparedStatements;
  /** Opens another connection for the next query. */
  forget(): void;
}

/**
 * One connection that many short queries share. Each query is sent without waiting for the answers of the
 * others, and the queries of one turn of the event loop leave in one packet. Only for selects by key: a slow
 * query delays the queries behind it.
 */
export class PipelinedConnection {
  private open: Open | undefined;
  private connecting: Promise<Open> | undefined;

  /** @param settings of the server for this connection */
  constructor(
    private readonly connectionString: string,
    private readonly settings: Pick<ClientConfig, 'options'> = {},
  ) {}

  query<Row>(statement: QueryConfig): Promise<{ rows: Row[] }> {
    if (this.open) return this.ask<Row>(this.open, statement);
    return this.connect().then((open) => this.ask<Row>(open, statement));
  }

  async end(): Promise<void> {
    await (await this.connecting?.catch(() => undefined))?.client.end();
  }

  private ask<Row>(open: Open, statement: QueryConfig): Promise<{ rows: Row[] }> {
    return new Promise((resolve, reject) => {
      if (open.packet.length === 0) atEndOfTurn(() => send(open));
      const read = new PipelinedRead(statement, open.statements, (error, result) => {
        if (error && isEnd(error)) open.forget();
        if (error) reject(error);
        else resolve(result as { rows: Row[] });
      });
      open.client.query(read as never);
    });
  }

  private connect(): Promise<Open> {
    if (this.connecting) return this.connecting;
    const connecting = this.openClient(() => {
      if (this.connecting !== connecting) return;
      this.connecting = undefined;
      this.open = undefined;
    });
    return (this.connecting = connecting);
  }

  /** @param forget is called when the connection cannot be used any longer */
  private async openClient(forget: () => void): Promise<Open> {
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
    client.on('error', forget);
    client.on('end', forget);
    try {
      await client.connect();
    } catch (error) {
      forget();
      throw error;
    }
    const packet = new Packet();
    return (this.open = {
      client: client as Open['client'],
      packet,
      statements: new PreparedStatements(packet),
      forget,
    });
  }
}

/**
 * Whether the connection ends with this error, before `pg` says so: `pg` gives it up after its time limit,
 * and the server does when it stops.
 */
const isEnd = (error: Error & { severity?: string }): boolean =>
  error.severity === 'FATAL' || error.message === 'Query read timeout';

function send({ client, packet }: Open): void {
  if (packet.length > 0) client.connection.stream.write(packet.take());
}

/**
 * Plans a statement once for each connection, whatever its values. Tables of members have partitions, of
 * which PostgreSQL counts all when it estimates such a plan; so it would plan every execution anew, which
 * takes longer than the read.
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
