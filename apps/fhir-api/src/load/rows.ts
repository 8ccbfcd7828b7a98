import type { Row } from './batch.js';
import { containedJson, indexColumns, type IndexColumn } from '../store/index-columns.js';
import type { ContainedValues, IndexValues } from '../store/index-values.js';
import { copyNullable, copyNumberArray, copyText, copyTextArray } from './copy-text.js';
import { isOfMembers, ownerReferences, pointedAt, type Prepared } from './prepare.js';
import { betweenVersionAndTime } from './stored-text.js';

/** JSON without white space between tokens holds no character that COPY would need escaped but the backslash. */
const copyJson = (text: string, isPlain: boolean) => (isPlain ? text : text.replaceAll('\\', '\\\\'));

function copied({ value, type }: IndexColumn, values: IndexValues, isPlain: boolean): string {
  const held = values[value];
  if (held === null || typeof held === 'number') return copyNullable(held);
  if (type === 'text[]') return copyTextArray(held as string[], isPlain);
  if (type === 'jsonb') return copyText(JSON.stringify(containedJson(held as ContainedValues[])));
  return copyNumberArray(held as (number | string)[]);
}

/** Collects resources as lines that COPY reads, in one growing piece of memory. */
export class Rows {
  private buffer: Buffer<ArrayBuffer>;
  private length = 0;

  /** @param inputBytes size of the resources as they come; what is stored beside them takes about as much again */
  constructor(inputBytes: number) {
    this.buffer = Buffer.from(new ArrayBuffer(inputBytes * 2 + 4096));
  }

  /** @param now the time of the last update of what does not say it itself (ISO 8601) */
  add({ type, id, text, isPlain, lastUpdated, sha256, values, patients }: Prepared, now: string): Row {
    const updated = lastUpdated ?? now;
    const start = this.length;
    this.write(isOfMembers(type) ? `1\t${copyText(patients?.[0] ?? '')}\t` : '1\t');
    const rest = this.length;
    this.write(
      [
        type,
        id,
        new Date(updated).toISOString(),
        sha256,
        ...indexColumns.map((column) => copied(column, values, isPlain)),
        copyJson(text.head, isPlain),
      ].join('\t'),
    );
    const version = this.length;
    this.write(
      `1${betweenVersionAndTime}${copyText(JSON.stringify(updated))}${copyJson(text.tail, isPlain)}\n`,
    );
    return {
      type,
      id,
      isDeleted: false,
      sha256,
      start,
      rest,
      version,
      end: this.length,
      patients,
      ownerReferences: patients === undefined ? ownerReferences(type, values) : [],
      pointsTo: isOfMembers(type) ? pointedAt(values) : [],
    };
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.buffer.buffer, 0, this.length);
  }

  private write(text: string): void {
    // A character takes at most three bytes in UTF-8.
    const needed = this.length + text.length * 3;
    if (needed > this.buffer.length) {
      const larger = Buffer.from(new ArrayBuffer(Math.max(needed, this.buffer.length * 2)));
      this.buffer.copy(larger, 0, 0, this.length);
      this.buffer = larger;
    }
    this.length += this.buffer.write(text, this.length, 'utf8');
  }
}
