import pg, { type CustomTypesConfig, type QueryConfig } from 'pg';
import { decodedTypes, type RowReceiver } from './bytes-client.js';
import type { Packet } from './bind-message.js';

/** The fields of a row as they came. */
type Fields = (string | Buffer | null)[];
type Parse = (value: string | Buffer) => unknown;

interface Column {
  name: string;
  type: number;
}

/** A statement that is prepared on a connection. */
export interface Prepared {
  name: string;
  /** Undefined until the server has described them. */
  columns: readonly Column[] | undefined;
  /** The parsers of the columns for these types. */
  types: CustomTypesConfig | undefined;
  parsers: readonly Parse[];
}

/** A statement that waits for its rows. */
export interface Waiting {
  statement: QueryConfig;
  /** When it began to wait, by `performance.now()`. */
  since: number;
  resolve(result: { rows: never[] }): void;
  reject(error: Error): void;
}

interface Sent extends Waiting {
  prepared: Prepared;
  rows: Record<string, unknown>[];
}

/** `pg` accepts only its own class on a connection in pipeline mode. */
const OwnQuery = pg.Query as unknown as new (config: object) => { callback: (error?: Error) => void };

/**
 * Statements that leave in one packet, with one Sync behind them: PostgreSQL answers them in one transaction
 * and, as far as they are short, in one packet. When one fails, PostgreSQL skips the statements behind it:
 * the batch gives them back. So a batch has statements that only read.
 */
export class Batch extends OwnQuery implements RowReceiver {
  /** Called once, with the statements that PostgreSQL has skipped and the one that has failed. */
  ended: (skipped: Waiting[], failed?: Prepared) => void = () => undefined;
  private at = 0;
  private isEnded = false;

  constructor(
    private readonly packet: Buffer,
    private readonly sent: readonly Sent[],
  ) {
    super({ text: '' });
    this.callback = () => undefined;
  }

  submit({ stream }: { stream: NodeJS.WritableStream }): null {
    stream.write(this.packet);
    return null;
  }

  handleRowDescription({ fields }: { fields: { name: string; dataTypeID: number }[] }): void {
    const { prepared } = this.sent[this.at]!;
    prepared.columns = fields.map(({ name, dataTypeID: type }) => ({ name, type }));
    prepared.types = undefined;
  }

  takeRow(fields: Fields): void {
    const { prepared, statement, rows } = this.sent[this.at]!;
    const parsers = parsersFor(prepared, statement.types ?? decodedTypes);
    const columns = prepared.columns!;
    const row: Record<string, unknown> = {};
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i]!;
      row[columns[i]!.name] = field === null ? null : parsers[i]!(field);
    }
    rows.push(row);
  }

  takeEnd(): void {
    const { resolve, rows } = this.sent[this.at++]!;
    resolve({ rows: rows as never[] });
  }

  handleEmptyQuery(): void {
    this.takeEnd();
  }

  handleError(error: Error): void {
    this.callback(error);
    const rest = this.sent.slice(this.at);
    // The server has answered that one statement failed. Any other error is the end of the connection.
    if (error instanceof pg.DatabaseError) {
      const [failed, ...skipped] = rest;
      failed?.reject(error);
      this.end(skipped, failed?.prepared);
    } else {
      for (const { reject } of rest) reject(error);
      this.end([]);
    }
  }

  handleReadyForQuery(): void {
    this.callback();
    this.end([]);
  }

  private end(skipped: Waiting[], failed?: Prepared): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.at = this.sent.length;
    this.ended(skipped, failed);
  }
}

/** Builds the packet of a batch, with what a connection has prepared. */
export class BatchBuilder {
  private readonly prepared = new Map<string, Prepared>();
  /** Names under which the server may have a statement that this connection has given up. */
  private readonly givenUp = new Set<string>();

  constructor(private readonly packet: Packet) {}

  /** @returns undefined when no statement could be encoded */
  build(waiting: readonly Waiting[]): Batch | undefined {
    const sent: Sent[] = [];
    for (const one of waiting) {
      const begin = this.packet.length;
      try {
        sent.push({ ...one, prepared: this.add(one.statement), rows: [] });
      } catch (error) {
        this.packet.cutOff(begin);
        this.giveUp(one.statement.name ?? '');
        one.reject(error as Error);
      }
    }
    if (sent.length === 0) return undefined;
    this.packet.sync();
    return new Batch(this.packet.take(), sent);
  }

  /** Prepares a statement again at its next use: the server refused it, or has skipped it. */
  giveUp(name: string): void {
    if (this.prepared.delete(name)) this.givenUp.add(name);
  }

  /** Gives up the statements that the server has not described. */
  giveUpSkipped(): void {
    for (const { name, columns } of this.prepared.values()) if (columns === undefined) this.giveUp(name);
  }

  private add({ name = '', text, values = [] }: QueryConfig): Prepared {
    let prepared = this.prepared.get(name);
    if (prepared === undefined) {
      if (this.givenUp.delete(name)) this.packet.close(name);
      this.packet.parse(name, text);
      prepared = { name, columns: undefined, types: undefined, parsers: [] };
      if (name !== '') this.prepared.set(name, prepared);
    }
    this.packet.run(name, values);
    return prepared;
  }
}

function parsersFor(prepared: Prepared, types: CustomTypesConfig): readonly Parse[] {
  if (prepared.types !== types) {
    prepared.types = types;
    const parserOf = types.getTypeParser as (type: number, format: 'text') => Parse;
    prepared.parsers = prepared.columns!.map(({ type }) => parserOf(type, 'text'));
  }
  return prepared.parsers;
}
