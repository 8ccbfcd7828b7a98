import { indexColumns } from '../index/columns.js';
import type { StructureFinding } from '../structure/findings.js';
import type { BareCode } from './code-names.js';
import type { Times } from './data-age.js';
import type { Key } from './keys.js';
import type { RefusedEntry } from './refusal.js';

/** The bytes of one transaction, as the files have them. */
export interface Work {
  pieces: Piece[];
  /** Bytes read from the disk up to here; fewer than the bytes of the pieces where files are compressed. */
  readBytes: number;
}

export interface Piece {
  /** Name of the file, and of the entry in an archive. */
  file: string;
  /**
   * Number of the first line when each line holds a resource; undefined when the piece is one JSON document.
   */
  firstLine: number | undefined;
  bytes: Uint8Array<ArrayBuffer>;
  /** An archive may contain files that are no resources, such as the manifest of a package. */
  isFromArchive: boolean;
}

/** The result of preparing {@link Work}: the changes, and their rows as COPY reads them. */
export interface Batch {
  /** In the order of the files. */
  changes: Change[];
  rows: RowBytes;
  rejected: RefusedEntry[];
  /** Problems in the structure of resources, also of those that are stored. */
  findings: StructureFinding[];
  /** Number of entries read, with the rejected ones. */
  read: number;
  /** Number of resources that were labelled as sensitive by their codes. */
  labelled: number;
  /** Codes without a display. */
  bareCodes: BareCode[];
  /** Time of the newest data of each kind. */
  newest: Times;
  /** The stored resources of entries that a Bundle creates unless they exist. */
  existing: Key[];
}

/** A batch that cannot be prepared before its conditional references are resolved. */
export interface ConditionalWork {
  conditions: string[];
  pieces: Piece[];
}

/** Rows as COPY reads them. */
export interface RowBytes {
  /** The rows of all resources, as first versions. */
  resources: Uint8Array<ArrayBuffer>;
  /** Rows of `shared_string`. */
  strings: Uint8Array<ArrayBuffer>;
  /** Rows of `shared_reference`: the keys of references and codes. */
  references: Uint8Array<ArrayBuffer>;
  /** Rows of `binary_part`. */
  binaryParts: Uint8Array<ArrayBuffer>;
}

/** Bytes from a place up to another. */
export interface Range {
  start: number;
  end: number;
}

export type Change = Row | BinaryRow | Deletion | Unresolved;

/** A Binary, whose content is apart from its JSON. */
export interface BinaryRow {
  type: 'Binary';
  id: string;
  isDeleted: false;
  sha256: string;
  binary: {
    /** The time of the last update (ISO 8601). */
    updated: string;
    contentType: string;
    /** Bytes of the content. */
    size: number;
    securityContext: string | null;
    labels: string[];
    /** The JSON up to the version, and from behind the time of the last update, without `data`. */
    head: string;
    tail: string;
    /** Its rows in {@link RowBytes}.binaryParts. */
    parts: Range;
  };
}

/** A resource with a conditional reference that matches no stored resource yet. */
export interface Unresolved {
  type: string;
  id: string;
  isDeleted: false;
  unresolved: {
    /** File and line, or entry. */
    place: string;
    /** The resource with its own labels and names; the names of providers come when it is stored. */
    body: string;
    conditions: string[];
    /** The patients that it names; undefined when its owners are those of the resources it references. */
    patients: string[] | undefined;
  };
}

export interface Deletion {
  type: string;
  id: string;
  isDeleted: true;
}

/**
 * A resource's row: {@link memberColumns} for a patient's resource, {@link sharedColumns} for a shared one.
 * Places are counted in bytes of {@link RowBytes}.resources.
 */
export interface Row {
  type: string;
  id: string;
  isDeleted: false;
  sha256: string;
  start: number;
  /** The place behind the patient: from here on, the columns are the same for every version and patient. */
  rest: number;
  /** The place of the body, the last column, which begins with its length in four bytes. */
  body: number;
  /** The place of the version in the body, one digit. */
  version: number;
  end: number;
  /**
   * Owners: none for a shared resource; undefined when the owners are those of the {@link ownerReferences}.
   */
  patients: string[] | undefined;
  ownerReferences: string[];
  /** The resources whose labels the resource shares, as `Type/id` each. */
  labelReferences: readonly string[];
  /** Whether the resource has security labels. */
  isLabelled: boolean;
  /** The shared resources that the resource references, as `Type/id`. */
  pointsTo: string[];
  /** The stored resources that may have the missing names of a claim's providers. */
  unnamed: readonly string[];
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
export const sharedColumns = ['version', 'loader_release', ...restColumns];
export const memberColumns = ['version', 'patient', ...restColumns];
/** The columns of the tables that are derived from shared resources, in the order of their rows. */
export const sharedStringColumns = ['type', 'param', 'folded', 'id'];
export const sharedReferenceColumns = ['type', 'key', 'id'];
export const binaryPartColumns = ['id', 'part', 'content'];

/** Version of the rows that this loader writes; the database refuses loaders that write less. */
export const loaderVersion = 1;
