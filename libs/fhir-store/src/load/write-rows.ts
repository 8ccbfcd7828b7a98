import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import {
  loaderVersion,
  memberColumns,
  sharedColumns,
  sharedReferenceColumns,
  sharedStringColumns,
  storedColumns,
  type Range,
  type Row,
  type RowBytes,
} from './batch.js';
import { copyHeader, CopyRows, copyTrailer } from './copy-rows.js';

/** A resource to be written, in a version. */
export interface Written {
  row: Row;
  version: number;
}

/** Writes resources of patients, a row for each owner. */
export async function writeMemberRows(
  client: PoolClient,
  written: readonly (Written & { patients: readonly string[] })[],
  { resources }: RowBytes,
): Promise<void> {
  const rows = joinRanges(
    written.flatMap(({ row, version, patients }): (Range | Uint8Array)[] =>
      row.patients?.length === 1 && version === 1
        ? [row]
        : patients.map((patient) => rowWith(resources, row, version, (made) => made.text(patient))),
    ),
    resources,
  );
  await copy(client, 'member_resource', memberColumns, rows);
}

/** Writes shared resources, and the rows that searches find them by. */
export async function writeSharedRows(
  client: PoolClient,
  written: readonly Written[],
  { resources, strings, references }: RowBytes,
): Promise<void> {
  const rows = written.map(({ row, version }) =>
    version === 1 ? row : rowWith(resources, row, version, (made) => made.smallint(loaderVersion)),
  );
  await copy(client, 'shared_resource', sharedColumns, joinRanges(rows, resources));
  const stringRanges = written.map(({ row }) => row.strings);
  await copy(client, 'shared_string', sharedStringColumns, joinRanges(stringRanges, strings));
  const referenceRanges = written.map(({ row }) => row.references);
  await copy(client, 'shared_reference', sharedReferenceColumns, joinRanges(referenceRanges, references));
}

/** Writes resources whose owners are not known yet. */
export async function writeWaitingRows(
  client: PoolClient,
  written: readonly Written[],
  { resources }: RowBytes,
): Promise<void> {
  const rows = written.map(({ row, version }) => rowWith(resources, row, version));
  await copy(client, 'waiting_resource', storedColumns, rows);
}

/** The bytes of ranges, those side by side in one piece; bytes that were put together stay as they are. */
function joinRanges(parts: readonly (Range | Uint8Array)[], bytes: Uint8Array): Uint8Array[] {
  const joined: Uint8Array[] = [];
  let run: Range | undefined;
  const endRun = () => {
    if (run && run.end > run.start) joined.push(bytes.subarray(run.start, run.end));
    run = undefined;
  };
  for (const part of parts) {
    if (part instanceof Uint8Array) {
      endRun();
      joined.push(part);
    } else if (run?.end === part.start) run.end = part.end;
    else {
      endRun();
      run = { start: part.start, end: part.end };
    }
  }
  endRun();
  return joined;
}

/**
 * A row in another version than the first, or of another owner.
 * @param own writes the column behind the version
 */
function rowWith(bytes: Uint8Array, row: Row, version: number, own?: (made: CopyRows) => void): Uint8Array {
  const made = new CopyRows(row.end - row.start + 100);
  made.beginRow(storedColumns.length + (own ? 1 : 0));
  made.integer(version);
  own?.(made);
  made.written(bytes.subarray(row.rest, row.body));
  const body = made.beginText();
  made.written(bytes.subarray(row.body + 4, row.version));
  made.characters(String(version));
  made.written(bytes.subarray(row.version + 1, row.end));
  made.endText(body);
  return made.bytes();
}

/** Copies ranges of prepared rows into a table. */
export const copyRanges = (
  client: PoolClient,
  table: string,
  columns: readonly string[],
  ranges: readonly Range[],
  bytes: Uint8Array,
): Promise<void> => copy(client, table, columns, joinRanges(ranges, bytes));

async function copy(
  client: PoolClient,
  table: string,
  columns: readonly string[],
  rows: readonly Uint8Array[],
): Promise<void> {
  if (rows.length === 0) return;
  await pipeline(
    Readable.from([copyHeader, ...rows, copyTrailer]),
    client.query(copyFrom(`COPY ${table} (${columns.join(', ')}) FROM STDIN (FORMAT binary)`)),
  );
}
