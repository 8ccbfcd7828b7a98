import { isKeptAsText } from './keys.js';
import { searchKey } from './search-key.js';

/** The index values of a resource, stored beside it for searches. Arrays of one kind run in parallel. */
export interface IndexValues {
  /** The keys that are compared in part, or read as text (`keys.ts`). */
  tokens: string[];
  /** All keys as numbers (`search-key.ts`). */
  keys: number[];
  stringParam: number[];
  /** As written, for `:exact`. */
  stringValue: string[];
  /** Folded, for prefixes and `:contains`. */
  stringFolded: string[];
  dateParam: number[];
  /** Milliseconds since the epoch; the low end belongs to the date, the high end does not. */
  dateLow: number[];
  dateHigh: number[];
  numberParam: number[];
  numberLow: number[];
  numberHigh: number[];
  /** `system|code` of a quantity's unit, also its bare code or unit: an entry for each way to name it. */
  numberUnit: string[];
  /** Local references of the resource, `Type/id`. */
  references: string[];
  /** Number of members of the resource's objects, at all depths; not stored. */
  members: number;
  /** Degrees. */
  latitude: number | null;
  longitude: number | null;
  /** The values of contained resources, into which chains look; null when there are none. */
  contained: ContainedValues[] | null;
  /** Security labels, `system|code` each (`labels.ts`); null when there are none. */
  labels: string[] | null;
}

export interface ContainedValues {
  id: string;
  type: string;
  values: IndexValues;
}

/** An index key with what a row stores of it. */
export interface ReadyKey {
  key: string;
  /** The key as a number (`search-key.ts`). */
  number: number;
  isKeptAsText: boolean;
}

export const readyKey = (key: string): ReadyKey => ({
  key,
  number: searchKey(key),
  isKeptAsText: isKeptAsText(key),
});

/** Fewer keys are compared one by one, which is faster than a Set. */
const manyKeys = 64;

/** Collects the index values of one resource; each key and each date of a parameter once. */
export class IndexEntries {
  readonly values: IndexValues = {
    tokens: [],
    keys: [],
    stringParam: [],
    stringValue: [],
    stringFolded: [],
    dateParam: [],
    dateLow: [],
    dateHigh: [],
    numberParam: [],
    numberLow: [],
    numberHigh: [],
    numberUnit: [],
    references: [],
    members: 0,
    latitude: null,
    longitude: null,
    contained: null,
    labels: null,
  };
  /** The keys, once they are many. */
  private seen: Set<number> | undefined;

  /** @param baseUrl the FHIR base URL whose absolute references are local */
  constructor(readonly baseUrl: string) {}

  addKey(key: string): void {
    if (this.isNew(searchKey(key)) && isKeptAsText(key)) this.values.tokens.push(key);
  }

  addReadyKeys(ready: readonly ReadyKey[]): void {
    for (const one of ready) if (this.isNew(one.number) && one.isKeptAsText) this.values.tokens.push(one.key);
  }

  /** Adds the number of a key, unless the resource has it already. */
  private isNew(number: number): boolean {
    const { keys } = this.values;
    if (this.seen ? this.seen.has(number) : keys.includes(number)) return false;
    keys.push(number);
    if (keys.length === manyKeys) this.seen = new Set(keys);
    else this.seen?.add(number);
    return true;
  }

  addString(parameter: number, value: string, folded: string): void {
    this.values.stringParam.push(parameter);
    this.values.stringValue.push(value);
    this.values.stringFolded.push(folded);
  }

  /** A claim has the same date on each of its lines; once is enough. */
  addDate(parameter: number, { low, high }: { low: number; high: number }): void {
    const { dateParam, dateLow, dateHigh } = this.values;
    const isKnown = dateParam.some(
      (known, i) => known === parameter && dateLow[i] === low && dateHigh[i] === high,
    );
    if (isKnown) return;
    dateParam.push(parameter);
    dateLow.push(low);
    dateHigh.push(high);
  }

  addNumber(parameter: number, low: number, high: number, unit: string): void {
    this.values.numberParam.push(parameter);
    this.values.numberLow.push(low);
    this.values.numberHigh.push(high);
    this.values.numberUnit.push(unit);
  }

  setPosition(latitude: number, longitude: number): void {
    this.values.latitude = latitude;
    this.values.longitude = longitude;
  }
}
