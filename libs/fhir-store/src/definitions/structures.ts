import { readFileSync } from 'node:fs';

/** An element as JSON names it: a choice has a row for each of its types. */
export interface ElementRow {
  name: string;
  /** A primitive type, a data type, or the path of an element that has elements. */
  type: string;
  min: number;
  /** Whether JSON has an array. */
  list: boolean;
  /** Canonical of the ValueSet of a required binding, a key of {@link StructureTable}.codes. */
  codes?: string;
  /** `value[x]` of `valueQuantity`. */
  choice?: string;
}

/** The structure of resources and data types (FHIR R4, StructureDefinition.snapshot). */
export interface StructureTable {
  /** The elements of each type, and of each element with elements, by path. */
  types: Record<string, ElementRow[]>;
  /** The codes of required bindings, by ValueSet and system. */
  codes: Record<string, Record<string, string[]>>;
}

/** The committed structures: `tools/fhir-store` makes them. */
export const readStructures = (): StructureTable =>
  JSON.parse(readFileSync(new URL('../../data/structures.json', import.meta.url), 'utf8')) as StructureTable;
