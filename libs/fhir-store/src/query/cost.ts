import { FhirError } from '../fhir-error.js';
import { comparisonOf, leastCosts } from '../parameters/parameter-types.js';
import type { Filter, Include, Search } from './filter.js';

/**
 * The highest cost of a search, in comparisons of one value with the index. The lists that guides and their
 * clients use (some hundred ids or codes) cost far less. In a directory of a million rows, a search of this
 * cost takes about half a second: a statement that runs cannot be paused for others.
 */
export const defaultMaxCost = 5000;

/** The cost of a condition without its values. */
const perCondition = 5;
const perTarget = 10;
const perSortKey = 100;
const perInclude = 10;
const perRevinclude = 20;
/** Types that `_revinclude=*` looks through. */
const allTypes = 30;
/** A page rarely has more rows. */
const usualRows = 200;

function costOfFilter(filter: Filter): number {
  switch (filter.kind) {
    case 'value':
      return perCondition + filter.values.length * comparisonOf(filter).cost(filter.definition);
    case 'has':
      return perTarget + costOfFilter(filter.filter);
    case 'chain':
      // Twice: once for stored and once for contained resources.
      return filter.targets.reduce((sum, target) => sum + 2 * (perTarget + costOfFilter(target.filter)), 0);
  }
}

const rowsOf = (search: Search) => Math.min(search.count, usualRows);

function costOfInclude(search: Search, include: Include): number {
  const { definition, target, iterate } = include;
  const types = target === undefined ? (definition?.targets?.length ?? 10) : 1;
  return (perInclude * types + rowsOf(search) / 10) * (iterate ? 2 : 1);
}

function costOfRevinclude(search: Search, { source, iterate }: Include): number {
  const types = source === '*' ? allTypes : 1;
  return types * (perRevinclude + rowsOf(search) / 4) * (iterate ? 2 : 1);
}

interface Part {
  /** Name of the parameter in the search. */
  name: string;
  cost: number;
  /** Number of values of the parameter. Undefined where the cost does not depend on it. */
  values?: number;
}

function partsOf(search: Search): Part[] {
  return [
    ...search.filters.map((filter) => ({
      name: filter.name,
      cost: costOfFilter(filter),
      values: valuesOf(filter),
    })),
    ...search.includes.map((include) => ({ name: '_include', cost: costOfInclude(search, include) })),
    ...search.revincludes.map((include) => ({
      name: '_revinclude',
      cost: costOfRevinclude(search, include),
    })),
    { name: '_sort', cost: search.sort.length * perSortKey },
    { name: '_elements', cost: (search.elements?.length ?? 0) / 10 },
    { name: '_total', cost: search.total === 'accurate' ? perSortKey : 0 },
  ];
}

function valuesOf(filter: Filter): number {
  if (filter.kind === 'value') return filter.values.length;
  if (filter.kind === 'has') return valuesOf(filter.filter);
  return Math.max(...filter.targets.map((target) => valuesOf(target.filter)));
}

/** The cost of a search, estimated from its parameters alone. */
export const costOf = (search: Search): number => partsOf(search).reduce((sum, { cost }) => sum + cost, 0);

/**
 * Refuses a search that would cost too much, before any statement is written.
 * @throws FhirError 400 `too-costly`, with the most expensive parameter and the number of values that would
 * be allowed
 */
export function refuseTooCostly(search: Search, maxCost = defaultMaxCost): void {
  const parts = partsOf(search);
  const total = parts.reduce((sum, { cost }) => sum + cost, 0);
  if (total <= maxCost) return;
  const byName = new Map<string, Part>();
  for (const part of parts) {
    const same = byName.get(part.name) ?? { name: part.name, cost: 0, values: 0 };
    byName.set(part.name, {
      name: part.name,
      cost: same.cost + part.cost,
      values: (same.values ?? 0) + (part.values ?? 0),
    });
  }
  const [dearest] = [...byName.values()].sort((one, other) => other.cost - one.cost);
  throw tooCostly(total, maxCost, dearest!);
}

function tooCostly(total: number, maxCost: number, { name, cost, values = 0 }: Part): FhirError {
  const rest = Math.max(0, maxCost - (total - cost));
  const allowed = Math.floor((values * rest) / cost);
  const advice =
    values > 1 && allowed >= 1
      ? `${name} has ${values} values; ask for at most ${allowed} at once, in ${Math.ceil(values / allowed)} searches`
      : `${name} costs most (${Math.round(cost)}); leave it out, or make it ${Math.ceil(cost / Math.max(1, rest))} times smaller`;
  return new FhirError(
    400,
    'too-costly',
    `This search would cost ${Math.round(total)}, and at most ${maxCost} is allowed: ${advice}.`,
    name,
  );
}

const maxLeastCost = Math.max(...leastCosts.values());
/** The lowest cost of a value, by the modifier at the end of the parameter's encoded name. */
const leastPerValue = (name: string): number =>
  leastCosts.get(/(?::|%3a)([a-z-]+)$/i.exec(name)?.[1] ?? '') ?? 1;

/**
 * Refuses encoded parameters with too many values, whatever the values mean, before anything is decoded. A
 * refusal should cost much less than the search.
 * @param encoded as in `application/x-www-form-urlencoded`
 * @throws FhirError 400 `too-costly`
 */
export function refuseTooManyValues(encoded: string, maxCost = defaultMaxCost): void {
  // Each value has a separator.
  if (encoded.length < maxCost / maxLeastCost) return;
  for (let start = 0; start < encoded.length;) {
    const mark = encoded.indexOf('&', start);
    const end = mark < 0 ? encoded.length : mark;
    const equals = encoded.indexOf('=', start);
    if (equals > start && equals < end) {
      const [name, value] = [encoded.slice(start, equals), encoded.slice(equals + 1, end)];
      const values = countEncodedValues(value);
      const cost = values * leastPerValue(name);
      if (cost > maxCost) throw tooCostly(cost, maxCost, { name: decoded(name), cost, values });
    }
    start = end + 1;
  }
}

/** @returns at most the number of non-empty values in the decoded text */
function countEncodedValues(value: string): number {
  // A comma after a backslash separates nothing.
  if (/\\|%5c/i.test(value)) return 1;
  let count = 1;
  for (let i = value.indexOf(','); i >= 0; i = value.indexOf(',', i + 1))
    if (i + 1 < value.length && value[i + 1] !== ',' && value[i + 1] !== '%') count += 1;
  return value.includes('%2') ? count + (value.match(/%2c(?=[^,%])/gi)?.length ?? 0) : count;
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/**
 * Counts the values of a list (FHIR R4 §3.1.1.4.15) without splitting it.
 * @returns at most `limit` + 1
 */
export function countValues(text: string, limit: number): number {
  let count = 1;
  for (let i = text.indexOf(','); i >= 0 && count <= limit; i = text.indexOf(',', i + 1))
    if (text[i - 1] !== '\\' || text[i - 2] === '\\') count += 1;
  return count;
}
