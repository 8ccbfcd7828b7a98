import type { ComponentDefinition, SearchParameterType } from '../definitions/definitions.js';
import { badParameter } from '../fhir-error.js';
import { dateEndsSql, indexKey, isPartCode, keyPrefix, partNumber } from '../index/keys.js';
import { localReference } from '../index/references.js';
import { likeText } from '../postgres/statement.js';
import { hasInterval, isOneOf } from './conditions.js';
import { dateTest, rangeOfDate } from './date.js';
import { fold } from './fold.js';
import type { ConditionContext, ParameterType, Row, ValueFilter } from './parameter-type.js';
import { amountTest, numbersOf, quantityParts } from './quantity.js';
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
  keys?(value: unknown, baseUrl: string): string[];
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

const tokenPart: SecondPart = {
  cost: 2,
  keys: (value) => tokenKeys({ number: partNumber }, value),
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

export const composite: ParameterType = {
  index(entries, { definition: { number }, components: [first, second] }, found) {
    if (!first || !second) return;
    for (const focus of found) {
      const values = second.extract(focus);
      if (values.length === 0) continue;
      const firstKeys = first
        .extract(focus)
        .flatMap((value) => tokenKeys({ number: partNumber }, value))
        .filter(isPartCode);
      refuseTooManyPairs(firstKeys.length * values.length);
      const { keys } = secondPartOf(second.definition);
      for (const value of values) {
        if (!keys) {
          for (const { low, high, unit } of numbersOf(value))
            for (const key of firstKeys)
              entries.addNumber(number, low, high, indexKey.pair(number, key, unit));
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
