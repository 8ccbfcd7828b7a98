import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
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
const codeLength = 1;
const headLength = codeLength + 4;
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

/** Bytes that one reading of a socket may take. */
const readingLength = 65_536;

/** Takes the bytes of a connection. They are overwritten when `take` returns. */
interface Receiver {
  take(bytes: Buffer): void;
}

/**
 * A client that can give long values as bytes ({@link textAsBytes}), where `pg` makes strings: the JSON of
 * resources goes from the database to the network unchanged. Strings on the way would be most of the cost of
 * a large answer.
 */
export class BytesClient extends pg.Client {
  constructor(config?: string | ClientConfig) {
    const receiver: Receiver = { take: () => undefined };
    super({
      ...(typeof config === 'string' ? { connectionString: config } : config),
      types: decodedTypes,
      // The types of pg lack the function's parameter.
      stream: ((settings: { ssl?: unknown }) => socketFor(settings, receiver)) as () => Socket,
    });
    const { connection } = this as unknown as { connection: Connection };
    const readMessages = connection.attachListeners.bind(connection);
    connection.attachListeners = (stream) => {
      const others = new EventEmitter();
      readMessages(others as unknown as Duplex);
      const messages = new Messages(
        (bytes) => others.emit('data', bytes),
        (fields) => connection.emit('dataRow', { name: 'dataRow', fieldCount: fields.length, fields }),
      );
      receiver.take = (bytes) => messages.take(bytes);
      stream.on('data', (bytes: Buffer) => messages.take(bytes));
      stream.on('end', () => others.emit('end'));
    };
  }
}

/**
 * A socket that reads into one buffer, again and again, and emits no `data`. A new buffer for each reading
 * counts as growth of the heap until the next full collection. With TLS, `pg` reads from another socket.
 */
function socketFor({ ssl }: { ssl?: unknown }, receiver: Receiver): Socket {
  if (ssl) return new Socket();
  const buffer = Buffer.allocUnsafeSlow(readingLength);
  const callback = (length: number) => {
    receiver.take(buffer.subarray(0, length));
    return true;
  };
  return new Socket({ onread: { buffer, callback } });
}

/**
 * Takes rows out of the stream of the server's messages, and passes the other messages on in order. Copies
 * all bytes that are needed later.
 */
class Messages {
  /** The message that has begun: its head until its length is known, then all of it. */
  private begun: Buffer | undefined;
  /** Bytes of that message that have come. */
  private filled = 0;
  /** Bytes of rows since the last other message. */
  private answered = 0;

  constructor(
    private readonly passOn: (bytes: Buffer) => void,
    private readonly takeRow: (fields: (string | Buffer | null)[]) => void,
  ) {}

  take(bytes: Buffer): void {
    let at = 0;
    while (this.begun && at < bytes.length) at += this.fill(this.begun, bytes, at);
    if (at < bytes.length) this.begin(bytes, this.read(bytes, at, false));
  }

  /** Keeps the bytes of a message that is not complete. */
  private begin(bytes: Buffer, at: number): void {
    if (at === bytes.length) return;
    const isLengthKnown = bytes.length - at >= headLength;
    this.begun = Buffer.allocUnsafe(isLengthKnown ? lengthOf(bytes, at) : headLength);
    this.filled = bytes.copy(this.begun, 0, at);
  }

  /** Reads the message that has begun when it is complete. @returns the number of bytes that it has taken */
  private fill(begun: Buffer, bytes: Buffer, at: number): number {
    const taken = bytes.copy(begun, this.filled, at);
    this.filled += taken;
    if (this.filled < begun.length) return taken;
    this.begun = undefined;
    const length = lengthOf(begun, 0);
    if (length === begun.length) this.read(begun, 0, true);
    else {
      this.begun = Buffer.allocUnsafe(length);
      this.filled = begun.copy(this.begun);
    }
    return taken;
  }

  /**
   * Reads complete messages.
   * @param isKept whether the bytes stay as they are
   * @returns where a message begins that is not complete
   */
  private read(bytes: Buffer, start: number, isKept: boolean): number {
    let kept = isKept ? bytes : undefined;
    const keep = () => (kept ??= Buffer.from(bytes));
    const passOn = (from: number, to: number) => {
      if (from < to) this.passOn(kept?.subarray(from, to) ?? Buffer.from(bytes.subarray(from, to)));
    };
    let at = start;
    let others = start;
    while (bytes.length - at >= headLength) {
      const end = at + lengthOf(bytes, at);
      if (end > bytes.length) break;
      if (bytes[at] === dataRow) {
        if (others < at) this.answered = 0;
        passOn(others, at);
        this.takeRow(
          fieldsOf(bytes, at + headLength, this.answered > longAnswer ? veryShort : longValue, keep),
        );
        this.answered += end - at;
        others = end;
      }
      at = end;
    }
    passOn(others, at);
    return at;
  }
}

/** Length of a message with its head. */
const lengthOf = (bytes: Buffer, at: number): number => codeLength + bytes.readUInt32BE(at + codeLength);

/**
 * @param from length from which a value stays bytes
 * @param keep gives the same bytes in a buffer that stays as it is
 */
function fieldsOf(
  bytes: Buffer,
  start: number,
  from: number,
  keep: () => Buffer,
): (string | Buffer | null)[] {
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
          : keep().subarray(at, at + length);
    if (length > 0) at += length;
  }
  return fields;
}
