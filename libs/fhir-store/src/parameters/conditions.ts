import type { ParameterDefinition } from '../definitions/definitions.js';
import { badParameter } from '../fhir-error.js';
import type { Access } from '../access.js';
import { containerAddress, withinContainer } from '../index/contained.js';
import { containedRows } from '../index/columns.js';
import { comparedCode, compositeKey, localReference, tokenKey } from './index-values.js';
import { searchKey, searchKeySql } from '../index/search-key.js';
import { askedNumber } from './asked-number.js';
import { dateRange } from './date-range.js';
import { fold } from './fold.js';
import type { KeyFrequencies } from '../query/key-frequencies.js';
import { mostPlaces, near } from './near.js';
import { splitUnescaped, unescape, type Filter } from '../query/parse.js';
import { compareIntervals, prefixed } from './prefixes.js';
import { pointsTo, refersBy, visibleRows, type Statement } from '../query/sql.js';
import { likeText, stringCondition } from './strings.js';

export interface ConditionContext {
  statement: Statement;
  access: Access;
  baseUrl: string;
  frequencies: KeyFrequencies;
  /** The stored row in which the row that is looked at is contained. */
  container?: { type: string; alias: string };
}

type ValueFilter = Extract<Filter, { kind: 'value' }>;

/** The SQL condition of a filter on the row `alias` of a resource type. */
export function condition(context: ConditionContext, type: string, alias: string, filter: Filter): string {
  switch (filter.kind) {
    case 'value':
      return valueCondition(context, type, alias, filter);
    case 'chain':
      return chainCondition(context, type, alias, filter);
    case 'has':
      // Nothing outside its container points to a contained resource.
      return context.container ? 'false' : hasCondition(context, type, alias, filter);
  }
}

type ChainFilter = Extract<Filter, { kind: 'chain' }>;
type ChainTarget = ChainFilter['targets'][number];

/** Resources that point to one that the rest of the chain finds, stored by itself or contained (FHIR R4 Search, Contained Resources). */
function chainCondition(
  context: ConditionContext,
  type: string,
  alias: string,
  { definition, targets }: ChainFilter,
): string {
  const pointingTo = targets.flatMap((target) => [
    storedTargets(context, definition.number, target),
    containedTargets(context, type, definition.number, target),
  ]);
  const keys = `ARRAY(${pointingTo.join(' UNION ALL ')})`;
  return context.container ? `${alias}.keys && ${keys}` : refersBy(context.access, type, alias, keys);
}

/** Selects the keys of references by a parameter to the stored resources that pass the filter. */
function storedTargets(
  { container: _, ...context }: ConditionContext,
  parameter: number,
  { type, filter }: ChainTarget,
): string {
  const { statement, access } = context;
  const target = statement.alias();
  const { from, where } = visibleRows(statement, type, access, target);
  const prefix = statement.bind(tokenKey.reference(parameter, `${type}/`), '::text');
  const found = condition(context, type, target, filter);
  return `SELECT ${searchKeySql(`${prefix} || ${target}.id`)} FROM ${from} WHERE ${where} AND ${found}`;
}

/** The same to what resources of a type contain, or the container of what is looked at does. */
function containedTargets(
  context: ConditionContext,
  type: string,
  parameter: number,
  { type: targetType, filter }: ChainTarget,
): string {
  const { statement, access } = context;
  const container = context.container ?? { type, alias: statement.alias() };
  const target = statement.alias();
  const prefix = statement.bind(tokenKey.reference(parameter, containerAddress(container.type)), '::text');
  const address = `${prefix} || ${container.alias}.id || '${withinContainer(targetType)}' || ${target}.id`;
  const found = condition({ ...context, container }, targetType, target, filter);
  const keys = `SELECT ${searchKeySql(address)} AS key FROM ${containedRows(container.alias, target)} WHERE ${target}.type = '${targetType}' AND ${found}`;
  if (context.container) return keys;
  const { from, where } = visibleRows(statement, type, access, container.alias);
  const each = statement.alias();
  // With OFFSET it stays a query of its own for each container, which runs what the chain goes on with once, not once for each that is contained.
  return `SELECT ${each}.key FROM ${from} CROSS JOIN LATERAL (${keys} OFFSET 0) AS ${each} WHERE ${where} AND ${container.alias}.contained IS NOT NULL`;
}

/** Resources that one found by the rest points to. */
function hasCondition(
  context: ConditionContext,
  type: string,
  alias: string,
  { type: other, definition, filter }: Extract<Filter, { kind: 'has' }>,
): string {
  const { statement, access } = context;
  const [from, reference] = [statement.alias(), statement.alias()];
  const source = visibleRows(statement, other, access, from);
  const found = condition(context, other, from, filter);
  return `${alias}.id = ANY(ARRAY(
    SELECT substr(${reference}.target, ${type.length + 2}) FROM ${source.from} CROSS JOIN unnest(${from}.refs) AS ${reference} (target)
    WHERE ${source.where} AND ${found} AND ${pointsTo(from, definition, type, `${reference}.target`)}))`;
}

function valueCondition(context: ConditionContext, type: string, alias: string, filter: ValueFilter): string {
  const { statement } = context;
  const { definition, modifier, values, name } = filter;
  if (modifier === 'missing') return missing(statement, alias, filter);
  if (definition.code === '_id') {
    const found = `${alias}.id = ANY(${statement.bind(values.map(unescape), '::text[]')})`;
    return modifier === 'not' ? `NOT (${found})` : found;
  }
  if (definition.code === '_lastUpdated') return lastUpdated(statement, alias, filter);
  switch (definition.type) {
    case 'token':
      return tokenCondition(context, type, alias, filter);
    case 'reference':
      return isOneOf(
        context,
        type,
        alias,
        values.flatMap((value) => referenceAsked(context, filter, value)),
      );
    case 'uri':
      return uriCondition(context, type, alias, filter);
    case 'string':
      return stringCondition(statement, context.container ? undefined : type, alias, filter);
    case 'date':
      return within(
        alias,
        statement,
        'date',
        definition.number,
        values.map((value) => dateComparison(statement, name, value)),
      );
    case 'number':
    case 'quantity':
      return within(
        alias,
        statement,
        'number',
        definition.number,
        values.map((value) => quantityComparison(statement, name, value)),
      );
    case 'composite':
      return compositeCondition(context, type, alias, filter);
    case 'special':
      if (values.length > mostPlaces) throw badParameter(name, `may have at most ${mostPlaces} places`);
      return `(${values.map((value) => near(statement, alias, name, value)).join(' OR ')})`;
  }
}

/** The one token that a row must have to pass the filter, when the filter is as simple as that. */
export function requiredToken(
  context: Pick<ConditionContext, 'baseUrl'>,
  filter: Filter,
): string | undefined {
  if (filter.kind !== 'value' || filter.values.length !== 1) return undefined;
  const { definition, modifier, values } = filter;
  const [value = ''] = values;
  if (definition.code === '_id') return undefined;
  if (definition.type === 'token' && modifier === undefined)
    return tokenAsked(definition, filter.name, value);
  if (definition.type !== 'reference' || modifier === 'missing') return undefined;
  const keys = referenceAsked(context, filter, value);
  return keys.length === 1 ? keys[0] : undefined;
}

/** Rows that have at least one of the tokens. */
const hasAny = (statement: Statement, alias: string, tokens: string[]) =>
  `${alias}.keys && ${statement.bind(tokens.map(searchKey), '::bigint[]')}`;

/**
 * The same, as a directory is searched: when few have any of them, by the index over keys alone. The planner would have all rows of the type from another
 * index beside it, however many they are.
 */
function isOneOf(context: ConditionContext, type: string, alias: string, tokens: string[]): string {
  const { statement, access, container, frequencies } = context;
  const keys = tokens.map(searchKey);
  if (access.patient !== undefined || container || keys.some((key) => frequencies.isFrequent(key)))
    return hasAny(statement, alias, tokens);
  return `${alias}.id = ANY(ARRAY(SELECT found.id FROM (
    SELECT type, id FROM shared_resource WHERE keys && ${statement.bind(keys, '::bigint[]')} OFFSET 0) AS found WHERE found.type = '${type}'))`;
}

function missing(statement: Statement, alias: string, { definition, values, name }: ValueFilter): string {
  const [value] = values;
  if (values.length > 1 || (value !== 'true' && value !== 'false'))
    throw badParameter(name, 'must be true or false');
  const present =
    definition.code === '_id' || definition.code === '_lastUpdated'
      ? 'true'
      : hasAny(statement, alias, [tokenKey.present(definition.number)]);
  return value === 'true' ? `NOT (${present})` : present;
}

/** `system|code`, `|code`, `code`, `system|` as the key under which rows have it (FHIR R4 §3.1.1.4.10). */
function tokenAsked(
  definition: Pick<ParameterDefinition, 'number' | 'system'>,
  name: string,
  value: string,
): string {
  const { number } = definition;
  const [first = '', second, ...rest] = splitUnescaped(value, '|').map(unescape);
  if (second === undefined) return tokenKey.anySystem(number, comparedCode(definition, first));
  if (rest.length > 0 || (first === '' && second === ''))
    throw badParameter(name, 'must be written code, system|code, |code or system|; a | within a code as \\|');
  if (second === '') return tokenKey.system(number, first);
  const code = comparedCode(definition, second);
  return first === '' ? tokenKey.noSystem(number, code) : tokenKey.systemAndCode(number, first, code);
}

function tokenCondition(context: ConditionContext, type: string, alias: string, filter: ValueFilter): string {
  const { statement } = context;
  const { definition, modifier, values, name } = filter;
  const { number } = definition;
  if (modifier === 'text') {
    const key = statement.alias();
    const patterns = values.map((value) => `${number}~${startOf(fold(unescape(value)))}`);
    return `EXISTS (SELECT 1 FROM unnest(${alias}.tokens) AS ${key} (v) WHERE ${key}.v LIKE ANY(${statement.bind(patterns, '::text[]')}))`;
  }
  if (modifier === 'of-type') {
    const keys = values.map((value) => {
      const parts = splitUnescaped(value, '|').map(unescape);
      if (parts.length !== 3 || parts.some((part) => part === ''))
        throw badParameter(name, 'must be written system|code|value');
      const [system, code, own] = parts as [string, string, string];
      return tokenKey.ofType(number, system, comparedCode(definition, code), comparedCode(definition, own));
    });
    return isOneOf(context, type, alias, keys);
  }
  const tokens = values.map((value) => tokenAsked(definition, name, value));
  return modifier === 'not'
    ? `NOT (${hasAny(statement, alias, tokens)})`
    : isOneOf(context, type, alias, tokens);
}

/** `id`, `Type/id` or an absolute URL, as the keys under which rows have it (FHIR R4 §3.1.1.4.12). */
function referenceAsked(
  { baseUrl }: Pick<ConditionContext, 'baseUrl'>,
  { definition, modifier, name }: ValueFilter,
  value: string,
): string[] {
  const { number, targets = [], otherTargets = [] } = definition;
  if (modifier === 'identifier') return [tokenAsked({ number }, name, value)];
  const local = localReference(unescape(value), baseUrl);
  if (local.includes(':') || /^[A-Z][A-Za-z]+\//.test(local)) {
    const type = local.split('/')[0] as string;
    if (modifier !== undefined && type !== modifier)
      throw badParameter(name, `:${modifier} and the value "${value}" name different types`);
    return [tokenKey.reference(number, local)];
  }
  return (modifier ? [modifier] : [...targets, ...otherTargets]).map((type) =>
    tokenKey.reference(number, `${type}/${local}`),
  );
}

function uriCondition(
  context: ConditionContext,
  type: string,
  alias: string,
  { definition, modifier, values }: ValueFilter,
): string {
  const { statement } = context;
  const uris = values.map(unescape);
  const keyOf = (uri: string) => tokenKey.uri(definition.number, uri);
  if (modifier === 'below') {
    const key = statement.alias();
    const patterns = uris.map((uri) => `${likeText(keyOf(uri))}%`);
    return `EXISTS (SELECT 1 FROM unnest(${alias}.tokens) AS ${key} (v) WHERE ${key}.v LIKE ANY(${statement.bind(patterns, '::text[]')}))`;
  }
  if (modifier === 'above') {
    const starts = uris.flatMap((uri) =>
      [...uri.matchAll(/[/?#]/g)].map((match) => uri.slice(0, match.index)),
    );
    return isOneOf(context, type, alias, [...uris, ...starts].map(keyOf));
  }
  // A profile asked for without a version is meant in any version.
  if (definition.code === '_profile') {
    const key = statement.alias();
    const [exact, versions] = [uris.map(keyOf), uris.map((uri) => `${likeText(keyOf(uri))}|%`)];
    return `(${hasAny(statement, alias, exact)} OR EXISTS (SELECT 1 FROM unnest(${alias}.tokens) AS ${key} (v) WHERE ${key}.v LIKE ANY(${statement.bind(versions, '::text[]')})))`;
  }
  return isOneOf(context, type, alias, uris.map(keyOf));
}

/** A LIKE pattern for what begins so. What has nothing but punctuation in it begins nothing. */
const startOf = (folded: string) => (folded === '' ? '' : `${likeText(folded)}%`);

/** The ends of an interval as placeholders, bound when they are used. */
function boundEnds(statement: Statement, range: { low: number; high: number }, cast: string) {
  return {
    get low() {
      return statement.bind(range.low, cast);
    },
    get high() {
      return statement.bind(range.high, cast);
    },
  };
}

type Comparison = (row: { low: string; high: string; unit: string }) => string;

/** Whether one of the row's intervals of a parameter passes one of the comparisons. */
function within(
  alias: string,
  statement: Statement,
  kind: 'date' | 'number',
  number: number,
  comparisons: Comparison[],
): string {
  const v = statement.alias();
  const row = { low: `${v}.l`, high: `${v}.h`, unit: `${v}.u` };
  const columns =
    kind === 'date'
      ? `unnest(${alias}.date_param, ${alias}.date_low, ${alias}.date_high) AS ${v} (p, l, h)`
      : `unnest(${alias}.number_param, ${alias}.number_low, ${alias}.number_high, ${alias}.number_unit) AS ${v} (p, l, h, u)`;
  const found = comparisons.map((compare) => compare(row)).join(' OR ');
  return `EXISTS (SELECT 1 FROM ${columns} WHERE ${v}.p = ${statement.bind(number, '::smallint')} AND (${found}))`;
}

function askedDates(name: string, value: string) {
  const { prefix, rest } = prefixed(name, unescape(value));
  const range = dateRange(rest);
  if (!range)
    throw badParameter(
      name,
      `"${rest}" is not a date; write YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz`,
    );
  if (prefix !== 'ap') return { prefix, range };
  // About: a tenth of the time between now and the date on either side (FHIR R4 §3.1.1.4.6).
  const slack = Math.abs(Date.now() - range.low) * 0.1;
  return { prefix, range: { low: Math.floor(range.low - slack), high: Math.ceil(range.high + slack) } };
}

function dateComparison(statement: Statement, name: string, value: string): Comparison {
  const { prefix, range } = askedDates(name, value);
  const asked = boundEnds(statement, range, '::bigint');
  return (row) => compareIntervals(prefix, row, asked, true);
}

function lastUpdated(statement: Statement, alias: string, { name, values }: ValueFilter): string {
  const ways = values.map((value) => {
    const { prefix, range } = askedDates(name, value);
    const bound = (milliseconds: number) => statement.bind(new Date(milliseconds), '::timestamptz');
    const instant = `${alias}.last_updated`;
    // The row's interval is one instant: it ends a moment after it begins.
    const inside = () => `(${instant} >= ${bound(range.low)} AND ${instant} < ${bound(range.high)})`;
    const comparisons = {
      eq: inside,
      ap: inside,
      ne: () => `NOT ${inside()}`,
      gt: () => `${instant} >= ${bound(range.high)}`,
      sa: () => `${instant} >= ${bound(range.high)}`,
      ge: () => `${instant} >= ${bound(range.low)}`,
      lt: () => `${instant} < ${bound(range.low)}`,
      eb: () => `${instant} < ${bound(range.low)}`,
      le: () => `${instant} < ${bound(range.high)}`,
    };
    return comparisons[prefix]();
  });
  return `(${ways.join(' OR ')})`;
}

/** `number`, `number|system|code` or `number||unit` (FHIR R4 §3.1.1.4.11). */
function quantityParts(name: string, value: string): { number: string; unit: string } {
  const parts = splitUnescaped(value, '|').map(unescape);
  const [number = '', system = '', code = ''] = parts;
  if (parts.length === 2 || parts.length > 3 || (system !== '' && code === ''))
    throw badParameter(name, 'must be written number, number|system|code or number||unit');
  return { number, unit: system ? `${system}|${code}` : code };
}

function quantityComparison(statement: Statement, name: string, value: string): Comparison {
  const { number, unit } = quantityParts(name, value);
  return quantityBetween(statement, name, number, unit);
}

/** @param unit as rows have it: by itself, or in a pair */
function quantityBetween(statement: Statement, name: string, amount: string, unit: string): Comparison {
  const { prefix, low, high } = askedNumber(name, amount);
  const asked = boundEnds(statement, { low, high }, '::float8');
  const named = statement.bind(unit, '::text');
  return (row) => `(${row.unit} = ${named} AND ${compareIntervals(prefix, row, asked, false)})`;
}

/** All values are compared in one walk through a row's: each in a walk of its own takes minutes for thousands. */
function compositeCondition(
  context: ConditionContext,
  type: string,
  alias: string,
  filter: ValueFilter,
): string {
  const { statement } = context;
  const { number, components } = filter.definition;
  const asked = filter.values.map((value) => compositeAsked(filter, value));
  const kind = components?.[1]?.type;
  if (kind === 'quantity')
    return within(
      alias,
      statement,
      'number',
      number,
      asked.map(({ pair, second }) => {
        const { number: amount, unit } = quantityParts(filter.name, second);
        return quantityBetween(statement, filter.name, amount, pair(unit));
      }),
    );
  if (kind !== 'date' && kind !== 'string')
    return isOneOf(
      context,
      type,
      alias,
      asked.flatMap(({ pair, second }) => secondKeys(context, filter, second).map(pair)),
    );
  const key = statement.alias();
  const tests = asked.map(({ pair, second }) =>
    kind === 'date'
      ? pairWithDate(statement, filter.name, `${key}.v`, pair, second)
      : `${key}.v LIKE ${statement.bind(`${likeText(pair('0~'))}${startOf(fold(unescape(second)))}`, '::text')}`,
  );
  return `EXISTS (SELECT 1 FROM unnest(${alias}.tokens) AS ${key} (v) WHERE ${tests.join(' OR ')})`;
}

type Pair = (other: string) => string;

/** @returns the second part, and what makes a key of it with the first */
function compositeAsked({ definition, name }: ValueFilter, value: string): { pair: Pair; second: string } {
  const [first, second, ...rest] = splitUnescaped(value, '$');
  if (!first || !second || rest.length > 0 || !definition.components?.[1])
    throw badParameter(
      name,
      `must have two parts, ${definition.components?.map(({ code }) => code).join('$')}`,
    );
  const head = tokenAsked({ number: 0 }, name, first);
  return { pair: (other) => compositeKey(definition.number, [head, other]), second };
}

function pairWithDate(statement: Statement, name: string, token: string, pair: Pair, second: string): string {
  const { prefix, range } = askedDates(name, second);
  const asked = boundEnds(statement, range, '::bigint');
  const ends = [2, 3].map((n) => `split_part(substr(${token}, ${pair('').length + 1}), '@', ${n})::bigint`);
  const row = { low: ends[0] as string, high: ends[1] as string };
  // The keys of other parts must not be read as dates, so the test is a CASE.
  return `CASE WHEN starts_with(${token}, ${statement.bind(pair('0@'), '::text')}) THEN ${compareIntervals(prefix, row, asked, true)} ELSE false END`;
}

function secondKeys(
  { baseUrl }: ConditionContext,
  { definition, name }: ValueFilter,
  second: string,
): string[] {
  const part = definition.components?.[1];
  if (part?.type !== 'reference') return [tokenAsked({ number: 0 }, name, second)];
  const other = unescape(second);
  const targets = other.includes('/')
    ? [localReference(other, baseUrl)]
    : (part.targets ?? []).map((type) => `${type}/${other}`);
  return targets.map((target) => tokenKey.reference(0, target));
}

/** The parameters of a type that are references, with their numbers. */
export function referenceParameters(parameters: Record<string, ParameterDefinition>): ParameterDefinition[] {
  return Object.values(parameters).filter(({ type }) => type === 'reference');
}
