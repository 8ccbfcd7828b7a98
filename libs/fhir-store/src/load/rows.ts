import { indexColumns, containedJson, type IndexColumn } from '../index/columns.js';
import type { ContainedValues, IndexValues } from '../index/row.js';
import { isCompartmentType } from '../definitions/definitions.js';
import { memberColumns, sharedColumns, type Row } from './batch.js';
import { CopyRows } from './copy-rows.js';
import { ownerReferences, pointedAt, type Prepared } from './prepare.js';
import { betweenVersionAndTime } from './stored-text.js';

/** Collects resources as rows that COPY reads. */
export class Rows {
  private readonly rows: CopyRows;

  /** @param inputBytes size of the resources as they come; what is stored beside them takes about as much again */
  constructor(inputBytes: number) {
    this.rows = new CopyRows(inputBytes * 2 + 4096);
  }

  /** @param now the time of the last update of what does not say it itself (ISO 8601) */
  add({ type, id, text: stored, lastUpdated, sha256, values, patients }: Prepared, now: string): Row {
    const { rows } = this;
    const updated = lastUpdated ?? now;
    const start = rows.length;
    rows.beginRow((isCompartmentType(type) ? memberColumns : sharedColumns).length);
    rows.integer(1);
    if (isCompartmentType(type)) rows.text(patients?.[0] ?? '');
    const rest = rows.length;
    rows.text(type);
    rows.text(id);
    rows.timestamptz(Date.parse(updated));
    rows.text(sha256);
    for (const column of indexColumns) writeValues(rows, column, values);
    const body = rows.length;
    const text = rows.beginText();
    rows.characters(stored.head);
    const version = rows.length;
    rows.characters('1');
    rows.characters(betweenVersionAndTime);
    rows.characters(JSON.stringify(updated));
    rows.characters(stored.tail);
    rows.endText(text);
    return {
      type,
      id,
      isDeleted: false,
      sha256,
      start,
      rest,
      body,
      version,
      end: rows.length,
      patients,
      ownerReferences: patients === undefined ? ownerReferences(type, values) : [],
      pointsTo: isCompartmentType(type) ? pointedAt(values) : [],
    };
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.rows.bytes();
  }
}

function writeValues(rows: CopyRows, { value, type }: IndexColumn, values: IndexValues): void {
  const held = values[value];
  if (held === null) rows.null();
  else if (typeof held === 'number') rows.float8(held);
  else if (type === 'text[]') rows.texts(held as string[]);
  else if (type === 'jsonb') rows.jsonb(containedJson(held as ContainedValues[]));
  else rows.numbers(type as 'bigint[]', held as number[]);
}
