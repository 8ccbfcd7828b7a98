import pg, { type CustomTypesConfig, type QueryConfig } from 'pg';
import type { Packet } from './bind-message.js';
import { decodedTypes } from './bytes-client.js';

/** The fields of a row as they came. */
type Fields = (string | Buffer | null)[];
type Parse = (value: string | Buffer) => unknown;

interface Column {
  name: string;
  type: number;
}

/** A statement that is prepared on a connection. */
interface Prepared {
  text: string;
  /** Empty until the server has described them. */
  columns: readonly Column[];
  /** The types that the parsers of the columns are for. */
  types: CustomTypesConfig | undefined;
  parsers: readonly Parse[];
}

/** The statements that are prepared on one connection. */
export class PreparedStatements {
  private readonly prepared = new Map<string, Prepared>();
  /** Names under which the server may have a statement that this connection has given up. */
  private readonly givenUp = new Set<string>();

  constructor(private readonly packet: Packet) {}

  /**
   * Adds a statement to the packet, with a Sync: it is a transaction by itself, so it holds no lock while
   * another statement runs, fails alone, and is answered before the statements behind it run.
   * @throws Error when a value has no text, or when the name belongs to another text; nothing is then added
   */
  add({ name = '', text, values = [] }: QueryConfig): Prepared {
    const begin = this.packet.length;
    try {
      let prepared = this.prepared.get(name);
      if (prepared && prepared.text !== text) throw new Error(`Two statements have the name ${name}.`);
      if (prepared === undefined) {
        if (this.givenUp.has(name)) this.packet.close(name);
        this.packet.parse(name, text);
        prepared = { text, columns: [], types: undefined, parsers: [] };
      }
      this.packet.run(name, values);
      this.packet.sync();
      if (name !== '') this.prepared.set(name, prepared);
      this.givenUp.delete(name);
      return prepared;
    } catch (error) {
      this.packet.cutOff(begin);
      throw error;
    }
  }

  /** Prepares a statement again at its next use: PostgreSQL refuses one whose columns have changed. */
  giveUp(name = ''): void {
    if (this.prepared.delete(name)) this.givenUp.add(name);
  }
}

type Callback = (error: Error | null, result?: { rows: Record<string, unknown>[] }) => void;

/** `pg` accepts only its own class on a connection in pipeline mode. Its types do not name these members. */
const OwnQuery = pg.Query as unknown as new (config: object) => { callback: Callback };

/**
 * A statement on a connection that many statements share. `pg` knows the order of the answers and the end of
 * the connection. The messages are built in one buffer, and rows without the objects of `pg`.
 */
export class PipelinedRead extends OwnQuery {
  private readonly found: Record<string, unknown>[] = [];
  private prepared: Prepared | undefined;
  private unreadable: Error | undefined;

  constructor(
    private readonly statement: QueryConfig,
    private readonly statements: PreparedStatements,
    callback: Callback,
  ) {
    super({ text: '' });
    this.callback = callback;
  }

  /** @returns an error when the statement is not sent */
  submit(): Error | null {
    try {
      this.prepared = this.statements.add(this.statement);
      return null;
    } catch (error) {
      return error as Error;
    }
  }

  handleRowDescription({ fields }: { fields: { name: string; dataTypeID: number }[] }): void {
    this.prepared!.columns = fields.map(({ name, dataTypeID: type }) => ({ name, type }));
  }

  handleDataRow({ fields }: { fields: Fields }): void {
    try {
      this.found.push(rowOf(this.prepared!, this.statement.types ?? decodedTypes, fields));
    } catch (error) {
      this.unreadable ??= error as Error;
    }
  }

  handleCommandComplete(): void {
    // The number of rows is known.
  }

  handleError(error: Error): void {
    if (error instanceof pg.DatabaseError) this.statements.giveUp(this.statement.name);
    this.callback(error);
  }

  handleReadyForQuery(): void {
    if (this.unreadable) this.callback(this.unreadable);
    else this.callback(null, { rows: this.found });
  }
}

function rowOf(prepared: Prepared, types: CustomTypesConfig, fields: Fields): Record<string, unknown> {
  const { columns } = prepared;
  if (prepared.types !== types) {
    const parserOf = types.getTypeParser as (type: number, format: 'text') => Parse;
    prepared.parsers = columns.map(({ type }) => parserOf(type, 'text'));
    prepared.types = types;
  }
  const row: Record<string, unknown> = {};
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i]!;
    row[columns[i]!.name] = field === null ? null : prepared.parsers[i]!(field);
  }
  return row;
}
