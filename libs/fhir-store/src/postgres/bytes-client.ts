import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import pg, { type ClientConfig, type CustomTypesConfig } from 'pg';

/** The part of `pg`'s connection that this file needs; it has no public types. */
interface Connection extends EventEmitter {
  /** Reads the server's messages from a stream and emits them. */
  attachListeners(stream: Pick<Duplex, 'on'>): void;
}

/** Code of the message that holds a row (PostgreSQL 17 manual §53.7, DataRow). */
const dataRow = 0x44;
/** Bytes of a message's code, and of its length, which counts itself. */
const [codeLength, lengthLength] = [1, 4];
/** Bytes: a shorter value costs less as a string, unless it is one of many. */
const longValue = 4096;
/** Bytes of rows: behind them, all values of an answer stay bytes, except very short ones such as ids. */
const longAnswer = 65_536;
const veryShort = 256;
const textType = 25;

type Parse = (value: string | Buffer) => unknown;
const parserOf = pg.types.getTypeParser as (type: number) => (value: string) => unknown;

const decoders = new Map<number, Parse>();

/** The parser of `pg`, for values that come as bytes too. Text format is all that `pg` asks for. */
function decoded(type: number): Parse {
  const known = decoders.get(type);
  if (known) return known;
  const parse = parserOf(type);
  const decoder = (value: string | Buffer) => parse(typeof value === 'string' ? value : value.toString());
  decoders.set(type, decoder);
  return decoder;
}

const asItCame: Parse = (value) => value;

/**
 * Types of a query that takes long values of type `text` as the bytes that PostgreSQL sent, when it runs on a
 * {@link BytesClient}.
 */
export const textAsBytes = {
  getTypeParser: (type: number) => (type === textType ? asItCame : decoded(type)),
} as CustomTypesConfig;

/** Types of any other query. */
export const decodedTypes = { getTypeParser: decoded } as CustomTypesConfig;

/**
 * A client that can give long values as bytes ({@link textAsBytes}), where `pg` makes strings: the JSON of
 * resources goes from the database to the network unchanged. Strings on the way would be most of the cost of
 * a large answer.
 */
export class BytesClient extends pg.Client {
  constructor(config?: string | ClientConfig) {
    super({ ...(typeof config === 'string' ? { connectionString: config } : config), types: decodedTypes });
    const { connection } = this as unknown as { connection: Connection };
    const readMessages = connection.attachListeners.bind(connection);
    connection.attachListeners = (stream) => {
      const others = new EventEmitter();
      readMessages(others as unknown as Duplex);
      const messages = new Messages(
        (bytes) => others.emit('data', bytes),
        (fields) => connection.emit('dataRow', { name: 'dataRow', fieldCount: fields.length, fields }),
      );
      stream.on('data', (bytes: Buffer) => messages.take(bytes));
      stream.on('end', () => others.emit('end'));
    };
  }
}

/** Takes rows out of the stream of the server's messages, and passes the other messages on in order. */
class Messages {
  private held: Buffer[] = [];
  private heldLength = 0;
  /** Bytes of rows since the last other message. */
  private answered = 0;
  /** Length of the message that has begun, as far as it is known. */
  private needed = codeLength + lengthLength;

  constructor(
    private readonly passOn: (bytes: Buffer) => void,
    private readonly takeRow: (fields: (string | Buffer | null)[]) => void,
  ) {}

  take(bytes: Buffer): void {
    this.held.push(bytes);
    this.heldLength += bytes.length;
    if (this.heldLength < this.needed) return;
    const all = this.held.length === 1 ? bytes : Buffer.concat(this.held, this.heldLength);
    const rest = this.read(all);
    this.held = rest.length > 0 ? [rest] : [];
    this.heldLength = rest.length;
  }

  /** @returns the bytes of a message that is not complete */
  private read(bytes: Buffer): Buffer {
    let at = 0;
    let others = 0;
    this.needed = codeLength + lengthLength;
    while (bytes.length - at >= codeLength + lengthLength) {
      const end = at + codeLength + bytes.readUInt32BE(at + codeLength);
      if (end > bytes.length) {
        this.needed = end - at;
        break;
      }
      if (bytes[at] === dataRow) {
        if (others < at) {
          this.passOn(bytes.subarray(others, at));
          this.answered = 0;
        }
        this.takeRow(
          fieldsOf(bytes, at + codeLength + lengthLength, this.answered > longAnswer ? veryShort : longValue),
        );
        this.answered += end - at;
        others = end;
      }
      at = end;
    }
    if (others < at) this.passOn(bytes.subarray(others, at));
    return bytes.subarray(at);
  }
}

/** @param from length from which a value stays bytes */
function fieldsOf(bytes: Buffer, start: number, from: number): (string | Buffer | null)[] {
  const fields = new Array<string | Buffer | null>(bytes.readUInt16BE(start));
  let at = start + 2;
  for (let i = 0; i < fields.length; i++) {
    const length = bytes.readInt32BE(at);
    at += 4;
    fields[i] =
      length < 0
        ? null
        : length < from
          ? bytes.toString('utf8', at, at + length)
          : bytes.subarray(at, at + length);
    if (length > 0) at += length;
  }
  return fields;
}
