import pg from 'pg';

/** Messages of the extended query protocol (PostgreSQL 17 manual §53.2.3, §53.7), built in one buffer. */

/** The value of a parameter as text, or as bytes for `bytea`. `pg` has no types for this function. */
const preparedValue = (pg as unknown as { utils: { prepareValue(value: unknown): string | Buffer | null } })
  .utils.prepareValue;

const code = { parse: 0x50, describe: 0x44, bind: 0x42, execute: 0x45, close: 0x43, sync: 0x53 } as const;
const statement = 0x53;

/** Bytes. A longer packet gets a longer buffer for itself. */
const workingLength = 65_536;

/** Collects messages, and gives them as one buffer: one system call sends them. */
export class Packet {
  private working = Buffer.allocUnsafe(workingLength);
  private at = 0;

  /** Prepares a statement and asks for its columns. */
  parse(name: string, text: string): void {
    const start = this.begin(code.parse);
    this.cString(name);
    this.cString(text);
    this.int16(0);
    this.end(start);
    const description = this.begin(code.describe);
    this.byte(statement);
    this.cString(name);
    this.end(description);
  }

  /** Drops a prepared statement; nothing happens when there is none. */
  close(name: string): void {
    const start = this.begin(code.close);
    this.byte(statement);
    this.cString(name);
    this.end(start);
  }

  /** Runs a prepared statement. Its rows come as text. */
  run(name: string, values: readonly unknown[]): void {
    const start = this.begin(code.bind);
    this.cString('');
    this.cString(name);
    this.int16(values.length);
    const formats = this.at;
    this.need(2 * values.length);
    this.at += 2 * values.length;
    this.int16(values.length);
    values.forEach((value, i) => {
      const isBytes = this.value(value);
      this.working.writeUInt16BE(isBytes ? 1 : 0, formats + 2 * i);
    });
    this.int16(0);
    this.end(start);
    const execution = this.begin(code.execute);
    this.cString('');
    this.int32(0);
    this.end(execution);
  }

  sync(): void {
    this.end(this.begin(code.sync));
  }

  /** Where the next message will begin, for {@link cutOff}. */
  get length(): number {
    return this.at;
  }

  /** Drops the messages behind a length. */
  cutOff(length: number): void {
    this.at = length;
  }

  take(): Buffer {
    const bytes = Buffer.allocUnsafe(this.at);
    this.working.copy(bytes, 0, 0, this.at);
    this.at = 0;
    if (this.working.length > workingLength) this.working = Buffer.allocUnsafe(workingLength);
    return bytes;
  }

  /** @returns whether the value is sent as bytes */
  private value(given: unknown): boolean {
    const value = typeof given === 'string' ? given : preparedValue(given);
    if (value === null) {
      this.int32(-1);
      return false;
    }
    if (typeof value === 'string') {
      this.need(4 + 3 * value.length);
      const length = this.working.write(value, this.at + 4);
      this.working.writeInt32BE(length, this.at);
      this.at += 4 + length;
      return false;
    }
    this.int32(value.length);
    this.need(value.length);
    this.at += value.copy(this.working, this.at);
    return true;
  }

  private begin(messageCode: number): number {
    this.byte(messageCode);
    this.need(4);
    this.at += 4;
    return this.at - 4;
  }

  /** Writes the length of a message, which counts itself and not the code. */
  private end(start: number): void {
    this.working.writeInt32BE(this.at - start, start);
  }

  private byte(value: number): void {
    this.need(1);
    this.working[this.at++] = value;
  }

  private int16(value: number): void {
    this.need(2);
    this.at = this.working.writeUInt16BE(value, this.at);
  }

  private int32(value: number): void {
    this.need(4);
    this.at = this.working.writeInt32BE(value, this.at);
  }

  private cString(text: string): void {
    this.need(3 * text.length + 1);
    this.at += this.working.write(text, this.at);
    this.working[this.at++] = 0;
  }

  private need(bytes: number): void {
    if (this.at + bytes <= this.working.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.at + bytes));
    this.working.copy(larger, 0, 0, this.at);
    this.working = larger;
  }
}
