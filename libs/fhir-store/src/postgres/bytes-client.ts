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
/** After this many bytes of rows, the values of an answer stay bytes, except very short ones such as ids. */
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

/**
 * Types of a query that takes long values of type `text` as the bytes that PostgreSQL sent, when it runs on a
 * {@link BytesClient}.
 * @param copy copies the bytes, which are overwritten afterwards
 */
export function textAsBytesBy(copy: (bytes: Buffer) => Buffer): CustomTypesConfig {
  const text: Parse = (value) => (typeof value === 'string' ? value : copy(value));
  return {
    getTypeParser: (type: number) => (type === textType ? text : decoded(type)),
  } as CustomTypesConfig;
}

/** Types of {@link textAsBytesBy} whose bytes stay as they are. */
export const textAsBytes = textAsBytesBy((bytes) => Buffer.from(bytes));

/** Types of any other query. */
export const decodedTypes = { getTypeParser: decoded } as CustomTypesConfig;

/** Bytes that one reading of a socket may take. */
const readingLength = 65_536;

/**
 * Full readings before other connections have their turn. Node.js would read up to 32 times in one step of
 * the event loop: 2 MB of rows.
 */
const readingsInTurn = 4;

/** Bytes of the longest message that keeps its buffer for the next one. */
const longestHeld = 262_144;

/** Bytes of the longest message of PostgreSQL: 1 GiB, less one. */
const longestMessage = 0x3fff_ffff;

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
      const take = (bytes: Buffer) => {
        try {
          messages.take(bytes);
        } catch (error) {
          if (!(error instanceof NoMessage)) throw error;
          // The rest of the stream has no meaning.
          receiver.take = () => undefined;
          (stream as Duplex).destroy(error);
        }
      };
      receiver.take = take;
      stream.on('data', take);
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
  let full = 0;
  const callback = (length: number) => {
    receiver.take(buffer.subarray(0, length));
    full = length < readingLength ? 0 : full + 1;
    if (full < readingsInTurn) return true;
    full = 0;
    setImmediate(() => socket.resume());
    // Stops the reading.
    return false;
  };
  const socket: Socket = new Socket({ onread: { buffer, callback } });
  return socket;
}

/**
 * Takes rows out of the stream of the server's messages, and passes the other messages on in order. The bytes
 * of a row are overwritten when `takeRow` returns.
 */
class Messages {
  /** Holds a message that spans several readings. */
  private held = Buffer.alloc(0);
  /** Bytes of that message that have come; 0 when there is none. */
  private filled = 0;
  /** Length of that message; of its head until its own length is known. */
  private needed = 0;
  /** Bytes of rows since the last other message. */
  private answered = 0;

  constructor(
    private readonly passOn: (bytes: Buffer) => void,
    private readonly takeRow: (fields: (string | Buffer | null)[]) => void,
  ) {}

  take(bytes: Buffer): void {
    let at = 0;
    while (this.filled > 0 && at < bytes.length) at += this.fill(bytes, at);
    if (at < bytes.length) at = this.read(bytes, at);
    if (at < bytes.length) this.hold(bytes, at);
  }

  /** Holds the bytes of a message that is not complete. */
  private hold(bytes: Buffer, at: number): void {
    this.reserve(bytes.length - at < headLength ? headLength : lengthOf(bytes, at));
    this.filled = bytes.copy(this.held, 0, at);
  }

  /** Reads the held message when it is complete. @returns the number of bytes that it has taken */
  private fill(bytes: Buffer, at: number): number {
    const taken = bytes.copy(this.held, this.filled, at, at + this.needed - this.filled);
    this.filled += taken;
    if (this.filled < this.needed) return taken;
    const length = lengthOf(this.held, 0);
    if (length > this.needed) this.reserve(length);
    else {
      const message = this.held.subarray(0, length);
      this.filled = 0;
      this.read(message, 0);
      if (this.held.length > longestHeld) this.held = Buffer.alloc(0);
    }
    return taken;
  }

  private reserve(length: number): void {
    this.needed = length;
    if (length <= this.held.length) return;
    const longer = Buffer.allocUnsafeSlow(Math.max(length, Math.min(2 * length, longestHeld)));
    this.held.copy(longer, 0, 0, this.filled);
    this.held = longer;
  }

  /** Reads complete messages. @returns where a message begins that is not complete */
  private read(bytes: Buffer, start: number): number {
    let at = start;
    let others = start;
    const passOn = (end: number) => {
      if (others < end) this.passOn(Buffer.from(bytes.subarray(others, end)));
    };
    while (bytes.length - at >= headLength) {
      const end = at + lengthOf(bytes, at);
      if (end > bytes.length) break;
      if (bytes[at] === dataRow) {
        if (others < at) this.answered = 0;
        passOn(at);
        this.takeRow(fieldsOf(bytes, at + headLength, this.answered > longAnswer ? veryShort : longValue));
        this.answered += end - at;
        others = end;
      }
      at = end;
    }
    passOn(at);
    return at;
  }
}

/** The server does not speak the protocol: PostgreSQL says in plain text that it cannot start a process. */
class NoMessage extends Error {
  constructor(bytes: Buffer) {
    const text = bytes.toString('latin1', 0, 200).replace(/[^ -~]+/g, ' ');
    super(`The answer is no message of PostgreSQL: ${text.trim()}`);
  }
}

/** Length of a message with its head. @throws NoMessage */
function lengthOf(bytes: Buffer, at: number): number {
  const length = bytes.readUInt32BE(at + codeLength);
  if (length > longestMessage) throw new NoMessage(bytes.subarray(at));
  return codeLength + length;
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
