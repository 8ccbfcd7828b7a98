import { indexColumns } from '../index/columns.js';

/** Bytes to be loaded in one transaction, as they lie in the files. */
export interface Work {
  pieces: Piece[];
  /** Bytes of the files, as they lie on the disk, that have been read with it. */
  readBytes: number;
}

export interface Piece {
  /** Name of the file, and of the entry where it is an archive. */
  file: string;
  /** Number of the first line when each line holds a resource; undefined when the piece is one JSON document. */
  firstLine: number | undefined;
  bytes: Uint8Array<ArrayBuffer>;
  /** A package holds files that are no resources at all, such as its manifest. */
  isFromArchive: boolean;
}

/** What became of {@link Work}: rows as COPY reads them, and what they are. */
export interface Batch {
  /** In the order in which it was given. */
  changes: Change[];
  rows: RowBytes;
  rejected: { place: string; reason: string }[];
  /** Entries read, the rejected ones included. */
  read: number;
}

/** Rows as COPY reads them. */
export interface RowBytes {
  /** The rows of all resources, as first versions. */
  resources: Uint8Array<ArrayBuffer>;
  /** Rows of `shared_string`. */
  strings: Uint8Array<ArrayBuffer>;
  /** Rows of `shared_reference`. */
  references: Uint8Array<ArrayBuffer>;
}

/** Bytes from a place up to another. */
export interface Range {
  start: number;
  end: number;
}

export type Change = Row | Deletion;

export interface Deletion {
  type: string;
  id: string;
  isDeleted: true;
}

/**
 * A resource's row, with {@link memberColumns} for members' resources and {@link sharedColumns} for shared ones. Places are bytes in
 * {@link RowBytes}.resources.
 */
export interface Row {
  type: string;
  id: string;
  isDeleted: false;
  sha256: string;
  start: number;
  /** Behind the patient, where the columns begin that are the same for every version and patient. */
  rest: number;
  /** Where the body begins, the last column: with its length, in four bytes. */
  body: number;
  /** Where the version stands in the body, one digit. */
  version: number;
  end: number;
  /** Owners; empty for what is shared, undefined when {@link ownerReferences} tell. */
  patients: string[] | undefined;
  ownerReferences: string[];
  /** Shared resources it points to, `Type/id`. */
  pointsTo: string[];
  /** Of a shared resource: its rows in {@link RowBytes}.strings and in {@link RowBytes}.references. */
  strings: Range;
  references: Range;
}

/** The columns of a row behind version and patient, in their order. */
const restColumns = [
  'type',
  'id',
  'last_updated',
  'body_sha256',
  ...indexColumns.map(({ column }) => column),
  'body',
];
/** The columns that every table of resources has. */
export const storedColumns = ['version', ...restColumns];
export const sharedColumns = ['version', 'loader_version', ...restColumns];
export const memberColumns = ['version', 'patient', ...restColumns];

/** Version of the rows that this loader writes; the database refuses loaders that write less. */
export const loaderVersion = 1;
