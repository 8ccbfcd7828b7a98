import type { ComponentDefinition, SearchParameterType } from '../definitions/definitions.js';
import { badParameter } from '../fhir-error.js';
import { dateEndsSql, indexKey, isPartCode, keyPrefix, partNumber } from '../index/keys.js';
import { localReference } from '../index/references.js';
import { likeText } from '../postgres/statement.js';
import { hasInterval, isOneOf } from './conditions.js';
import { dateTest, rangeOfDate } from './date.js';
import { fold } from './fold.js';
import { ConceptMemo } from './memo.js';
import type { ConditionContext, ParameterType, Row, ValueFilter } from './parameter-type.js';
import { amountTest, numberOf, quantityParts } from './quantity.js';
import { referenceKeys } from './reference.js';
import { stringsOf } from './string.js';
import { startOf, tokenAsked, tokenKeys } from './token.js';
import { splitUnescaped, unescape } from './values.js';

/*
 * Parameters of type composite: a token and another value of the same element (FHIR R4 §3.1.1.4.18). The keys
 * of both parts make one key. Where the second part is a quantity, a row has its number, and the pair of keys
 * in place of the unit.
 */

/**
 * Pairs that one value may make: a resource with a hundred codes beside a hundred others has ten thousand.
 */
const maxPairs = 50_000;

/** A pair that a search asks for. */
interface AskedPair {
  /** The key of the first part. */
  first: string;
  /** The second part, as the search writes it. */
  second: string;
}

/** How the second part of a pair is indexed and found. */
interface SecondPart {
  cost: number;
  /** The keys of a value, each for a pair with each key of the first part. */
  keys?(value: unknown, baseUrl: string): readonly string[];
  condition(
    context: ConditionContext,
    row: Row,
    filter: ValueFilter,
    asked: readonly AskedPair[],
    part: ComponentDefinition,
  ): string;
}

/** Tests all pairs in one pass over a row's keys. A pass for each pair would take minutes for thousands. */
function hasKeyThat(
  { statement }: ConditionContext,
  { alias }: Row,
  asked: readonly AskedPair[],
  testOf: (key: string, pair: AskedPair) => string,
): string {
  const key = statement.alias();
  const tests = asked.map((pair) => testOf(`${key}.v`, pair));
  return `EXISTS (SELECT 1 FROM unnest(${alias}.tokens) AS ${key} (v) WHERE ${tests.join(' OR ')})`;
}

const part = { number: partNumber };
const keysOfParts = new ConceptMemo<readonly string[]>();
const codesOfParts = new ConceptMemo<readonly string[]>();

/** The keys of a token. */
function keysOfPart(value: unknown): readonly string[] {
  return keysOfParts.get(value, () => tokenKeys(part, value));
}

/** The keys of a token that form pairs. The same concept gives the same array. */
const codesOfPart = (value: unknown): readonly string[] =>
  codesOfParts.get(value, () => tokenKeys(part, value).filter(isPartCode));

const tokenPart: SecondPart = {
  cost: 2,
  keys: keysOfPart,
  condition: (context, row, { name, definition: { number } }, asked) =>
    isOneOf(
      context,
      row,
      asked.map(({ first, second }) =>
        indexKey.pair(number, first, tokenAsked({ number: partNumber }, name, second)),
      ),
    ),
};

const referencePart: SecondPart = {
  cost: 2,
  keys: (value, baseUrl) => referenceKeys(partNumber, value, baseUrl),
  condition(context, row, { definition: { number } }, asked, { targets = [] }) {
    const targetsOf = (second: string) => {
      const target = unescape(second);
      return target.includes('/')
        ? [localReference(target, context.baseUrl)]
        : targets.map((type) => `${type}/${target}`);
    };
    const keys = asked.flatMap(({ first, second }) =>
      targetsOf(second).map((target) => indexKey.pair(number, first, indexKey.reference(partNumber, target))),
    );
    return isOneOf(context, row, keys);
  },
};

const datePart: SecondPart = {
  cost: 5,
  keys(value) {
    const range = rangeOfDate(value);
    return range ? [indexKey.partDate(range.low, range.high)] : tokenPart.keys!(value, '');
  },
  condition: (context, row, { name, definition: { number } }, asked) =>
    hasKeyThat(context, row, asked, (key, { first, second }) => {
      const { statement } = context;
      const isAsked = dateTest(statement, name, second);
      const prefix = keyPrefix.pairWithDate(number, first);
      // PostgreSQL must not read the keys of other parts as dates, so the test is a CASE.
      return `CASE WHEN starts_with(${key}, ${statement.bind(prefix, '::text')}) THEN ${isAsked(dateEndsSql(key, prefix))} ELSE false END`;
    }),
};

const stringPart: SecondPart = {
  cost: 5,
  keys: (value) => stringsOf(value).map((part) => indexKey.text(partNumber, fold(part))),
  condition: (context, row, { definition: { number } }, asked) =>
    hasKeyThat(context, row, asked, (key, { first, second }) => {
      const prefix = indexKey.pair(number, first, keyPrefix.text(partNumber));
      const pattern = `${likeText(prefix)}${startOf(fold(unescape(second)))}`;
      return `${key} LIKE ${context.statement.bind(pattern, '::text')}`;
    }),
};

/** A quantity has no key: `index` adds its number. */
const quantityPart: SecondPart = {
  cost: 5,
  condition: ({ statement }, { alias }, { name, definition: { number } }, asked) =>
    hasInterval(
      statement,
      alias,
      'number',
      number,
      asked.map(({ first, second }) => {
        const { amount, unit } = quantityParts(name, second);
        return amountTest(statement, name, amount, indexKey.pair(number, first, unit));
      }),
    ),
};

const secondParts: Partial<Record<SearchParameterType, SecondPart>> = {
  token: tokenPart,
  reference: referencePart,
  date: datePart,
  string: stringPart,
  quantity: quantityPart,
};

function secondPartOf({ code, type }: ComponentDefinition): SecondPart {
  const part = secondParts[type];
  if (!part)
    throw new Error(`The second part ${code} of a composite is of type ${type}: add it to secondParts`);
  return part;
}

/**
 * Splits a pair.
 * @throws FhirError when it does not have two parts
 */
function pairAsked({ definition: { components = [] }, name }: ValueFilter, value: string): AskedPair {
  const [first, second, ...rest] = splitUnescaped(value, '$');
  if (!first || !second || rest.length > 0 || !components[1])
    throw badParameter(name, `must have two parts, ${components.map(({ code }) => code).join('$')}`);
  return { first: tokenAsked({ number: partNumber }, name, first), second };
}

type Pairs = Map<number, readonly string[]>;
const pairs = new WeakMap<readonly string[], WeakMap<readonly string[], Pairs>>();

/** The pairs of keys and units. A laboratory measures the same in the same unit again and again. */
function pairsOf(number: number, keys: readonly string[], units: readonly string[]): readonly string[] {
  let byUnits = pairs.get(keys);
  if (!byUnits) pairs.set(keys, (byUnits = new WeakMap()));
  let byNumber = byUnits.get(units);
  if (!byNumber) byUnits.set(units, (byNumber = new Map<number, readonly string[]>()));
  let made = byNumber.get(number);
  if (!made) {
    made = units.flatMap((unit) => keys.map((key) => indexKey.pair(number, key, unit)));
    byNumber.set(number, made);
  }
  return made;
}

export const composite: ParameterType = {
  index(entries, { definition: { number }, components: [first, second] }, found) {
    if (!first || !second) return;
    for (const focus of found) {
      const values = second.extract(focus);
      if (values.length === 0) continue;
      const concepts = first.extract(focus);
      const firstKeys = concepts.length === 1 ? codesOfPart(concepts[0]) : concepts.flatMap(codesOfPart);
      refuseTooManyPairs(firstKeys.length * values.length);
      const { keys } = secondPartOf(second.definition);
      for (const value of values) {
        if (!keys) {
          const amount = numberOf(value);
          if (amount)
            for (const pair of pairsOf(number, firstKeys, amount.units))
              entries.addNumber(number, amount.low, amount.high, pair);
          continue;
        }
        const secondKeys = keys(value, entries.baseUrl);
        refuseTooManyPairs(firstKeys.length * secondKeys.length);
        for (const key of firstKeys)
          for (const other of secondKeys) entries.addKey(indexKey.pair(number, key, other));
      }
    }
  },
  plain: {
    cost: ({ components }) => secondPartOf(components![1]!).cost,
    condition(context, row, filter) {
      const asked = filter.values.map((value) => pairAsked(filter, value));
      const part = filter.definition.components![1]!;
      return secondPartOf(part).condition(context, row, filter, asked, part);
    },
  },
  modifiers: {},
};

function refuseTooManyPairs(pairs: number): void {
  if (pairs > maxPairs)
    throw new Error(`a composite search parameter would find more than ${maxPairs} pairs of codes in it`);
}
