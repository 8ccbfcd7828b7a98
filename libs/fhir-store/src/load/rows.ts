import { indexColumns, containedJson, type IndexColumn } from '../index/columns.js';
import type { ContainedValues, IndexValues } from '../index/row.js';
import { isCompartmentType } from '../definitions/definitions.js';
import { isListed } from '../index/keys.js';
import { searchKey } from '../index/search-key.js';
import { sharedStrings } from '../index/shared-strings.js';
import {
  binaryPartColumns,
  loaderVersion,
  memberColumns,
  sharedColumns,
  sharedReferenceColumns,
  sharedStringColumns,
  type BinaryRow,
  type Range,
  type Row,
  type RowBytes,
} from './batch.js';
import { CopyRows } from './copy-rows.js';
import { ownerReferences, pointedAt, type Prepared } from './prepare.js';
import type { PreparedBinary } from './prepare-binary.js';
import { betweenVersionAndTime } from './stored-text.js';

/**
 * Bytes of a part of a Binary's content. Divisible by three, so that parts are encoded to base64 one by one.
 */
const partBytes = 3 * 65_536;

/** The keys of a shared resource's references and codes, by which chains and searches find it in order. */
export const sharedReferences = ({ tokens }: Pick<IndexValues, 'tokens'>): number[] =>
  tokens.filter(isListed).map(searchKey);

/** Collects resources as rows that COPY reads. */
export class Rows {
  private readonly rows: CopyRows;
  private readonly strings = new CopyRows(4096);
  private readonly references = new CopyRows(4096);
  private readonly binaryParts = new CopyRows(4096);

  /** @param inputBytes size of the given resources; their index values take about as much again */
  constructor(inputBytes: number) {
    this.rows = new CopyRows(inputBytes * 2 + 4096);
  }

  /** @param now the time of the last update of a resource that does not have one (ISO 8601) */
  add(prepared: Prepared, now: string): Row {
    const { type, id, text: stored, lastUpdated, sha256, values, patients, unnamed = [] } = prepared;
    const { rows } = this;
    const updated = lastUpdated ?? now;
    const start = rows.length;
    rows.beginRow((isCompartmentType(type) ? memberColumns : sharedColumns).length);
    rows.integer(1);
    if (isCompartmentType(type)) rows.text(patients?.[0] ?? '');
    else rows.smallint(loaderVersion);
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
      labelReferences: prepared.labelReferences,
      isLabelled: values.labels !== null,
      pointsTo: isCompartmentType(type) ? pointedAt(values) : [],
      unnamed,
      strings: this.addStrings(type, id, values),
      references: this.addReferences(type, id, values),
    };
  }

  /** @param now the time of the last update of a Binary that does not have one (ISO 8601) */
  addBinary(prepared: PreparedBinary, now: string): BinaryRow {
    const { id, sha256, lastUpdated, content, contentType, securityContext, labels, head, tail } = prepared;
    const parts = this.binaryParts;
    const start = parts.length;
    for (let at = 0; at < content.length; at += partBytes) {
      parts.beginRow(binaryPartColumns.length);
      parts.text(id);
      parts.integer(at / partBytes);
      const field = parts.beginText();
      parts.written(content.subarray(at, at + partBytes));
      parts.endText(field);
    }
    return {
      type: 'Binary',
      id,
      isDeleted: false,
      sha256,
      binary: {
        updated: lastUpdated ?? now,
        contentType,
        size: content.length,
        securityContext,
        labels,
        head,
        tail,
        parts: { start, end: parts.length },
      },
    };
  }

  bytes(): RowBytes {
    return {
      resources: this.rows.bytes(),
      strings: this.strings.bytes(),
      references: this.references.bytes(),
      binaryParts: this.binaryParts.bytes(),
    };
  }

  private addStrings(type: string, id: string, values: IndexValues): Range {
    const start = this.strings.length;
    if (!isCompartmentType(type))
      for (const { parameter, folded } of sharedStrings(type, values)) {
        this.strings.beginRow(sharedStringColumns.length);
        this.strings.text(type);
        this.strings.smallint(parameter);
        this.strings.text(folded);
        this.strings.text(id);
      }
    return { start, end: this.strings.length };
  }

  private addReferences(type: string, id: string, values: IndexValues): Range {
    const start = this.references.length;
    if (!isCompartmentType(type))
      for (const key of sharedReferences(values)) {
        this.references.beginRow(sharedReferenceColumns.length);
        this.references.text(type);
        this.references.bigint(key);
        this.references.text(id);
      }
    return { start, end: this.references.length };
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
