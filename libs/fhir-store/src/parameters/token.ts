import type { ParameterDefinition } from '../definitions/definitions.js';
import { badParameter } from '../fhir-error.js';
import { indexKey, keyPrefix } from '../index/keys.js';
import { readyKey, type ReadyKey } from '../index/row.js';
import { likeText } from '../postgres/statement.js';
import { hasAny, hasKeyLike, isOneOf, sortByKey } from './conditions.js';
import { fold } from './fold.js';
import { ConceptMemo } from './memo.js';
import { missing } from './missing.js';
import { comparison, type ParameterType } from './parameter-type.js';
import { isObject, splitUnescaped, textOf, unescape, type Json } from './values.js';

/*
 * Parameters of type token: codes, Codings, CodeableConcepts, Identifiers, ContactPoints, booleans (FHIR R4
 * §3.1.1.4.10).
 */

type TokenDefinition = Pick<ParameterDefinition, 'number' | 'system'>;

/**
 * The compared form of a code. An element of type `code` names its code system exactly, so the case rule of
 * the system applies. For any other element the system is uncertain, and case does not count.
 */
const comparedCode = ({ system }: TokenDefinition, code: string): string =>
  system === undefined ? code.toLowerCase() : code;

/** The index keys of a value: one for each way to search for it. */
export function tokenKeys(definition: TokenDefinition, value: unknown): string[] {
  const keys = new TokenKeys(definition);
  if (!isObject(value)) keys.addPrimitive(textOf(value));
  else if (Array.isArray(value.coding) || (typeof value.text === 'string' && value.code === undefined))
    keys.addConcept(value);
  else if (value.value !== undefined && value.code === undefined) keys.addIdentifier(value);
  else keys.addCoding(value);
  return keys.all;
}

class TokenKeys {
  readonly all: string[] = [];

  constructor(private readonly definition: TokenDefinition) {}

  addPrimitive(code: string | undefined): void {
    const { number, system } = this.definition;
    this.addCode(system, code);
    if (system && code !== undefined) this.all.push(indexKey.noSystem(number, code));
  }

  addCoding(coding: Json): void {
    this.addCode(textOf(coding.system), textOf(coding.code));
    this.addText(coding.display);
  }

  addConcept(concept: Json): void {
    for (const coding of (concept.coding as Json[] | undefined) ?? []) this.addCoding(coding);
    this.addText(concept.text);
  }

  /** An Identifier or a ContactPoint; the system of a ContactPoint is its kind. */
  addIdentifier(identifier: Json): void {
    const value = textOf(identifier.value);
    this.addCode(textOf(identifier.system), value);
    const type = isObject(identifier.type) ? identifier.type : undefined;
    this.addText(type?.text);
    for (const { system, code } of (type?.coding as Json[] | undefined) ?? [])
      this.all.push(
        indexKey.ofType(
          this.definition.number,
          textOf(system) ?? '',
          comparedCode(this.definition, textOf(code) ?? ''),
          comparedCode(this.definition, value ?? ''),
        ),
      );
  }

  private addCode(system: string | undefined, given: string | undefined): void {
    const { number } = this.definition;
    if (given !== undefined) {
      const code = comparedCode(this.definition, given);
      this.all.push(indexKey.anySystem(number, code));
      this.all.push(system ? indexKey.systemAndCode(number, system, code) : indexKey.noSystem(number, code));
    }
    if (system) this.all.push(indexKey.system(number, system));
  }

  private addText(words: unknown): void {
    if (typeof words === 'string') this.all.push(indexKey.text(this.definition.number, fold(words)));
  }
}

/**
 * The index key of `system|code`, `|code`, `code` or `system|`.
 * @throws FhirError when a value is written otherwise
 */
export function tokenAsked(definition: TokenDefinition, name: string, value: string): string {
  const { number } = definition;
  const [first = '', second, ...rest] = splitUnescaped(value, '|').map(unescape);
  if (second === undefined) return indexKey.anySystem(number, comparedCode(definition, first));
  if (rest.length > 0 || (first === '' && second === ''))
    throw badParameter(name, 'must be written code, system|code, |code or system|; a | within a code as \\|');
  if (second === '') return indexKey.system(number, first);
  const code = comparedCode(definition, second);
  return first === '' ? indexKey.noSystem(number, code) : indexKey.systemAndCode(number, first, code);
}

/** The index key of `system|code|value`, for `:of-type` (FHIR R4 §3.1.1.4.4). */
function ofTypeAsked(definition: TokenDefinition, name: string, value: string): string {
  const parts = splitUnescaped(value, '|').map(unescape);
  if (parts.length !== 3 || parts.some((part) => part === ''))
    throw badParameter(name, 'must be written system|code|value');
  const [system, code, own] = parts as [string, string, string];
  const { number } = definition;
  return indexKey.ofType(number, system, comparedCode(definition, code), comparedCode(definition, own));
}

/** A LIKE pattern for texts with this beginning. A text of punctuation only matches nothing. */
export const startOf = (folded: string) => (folded === '' ? '' : `${likeText(folded)}%`);

/** The reason why modifiers that need a terminology are refused. */
const needsTerminology = (modifier: string) =>
  `:${modifier} needs a terminology server, which this one does not have; list the codes, separated by commas`;

/** The keys of concepts, by parameter. */
const readyKeys = new WeakMap<TokenDefinition, ConceptMemo<readonly ReadyKey[]>>();

export const token: ParameterType = {
  index(entries, { definition }, found) {
    let memo = readyKeys.get(definition);
    if (!memo) readyKeys.set(definition, (memo = new ConceptMemo()));
    for (const value of found)
      entries.addReadyKeys(memo.get(value, () => tokenKeys(definition, value).map(readyKey)));
  },
  plain: comparison(1, (context, row, { definition, name, values }) =>
    isOneOf(
      context,
      row,
      values.map((value) => tokenAsked(definition, name, value)),
    ),
  ),
  modifiers: {
    // Each row is compared with each value: no index finds the rows without a key.
    not: comparison(10, ({ statement }, { alias }, { definition, name, values }) => {
      const keys = values.map((value) => tokenAsked(definition, name, value));
      return `NOT (${hasAny(statement, alias, keys)})`;
    }),
    text: comparison(10, ({ statement }, { alias }, { definition, values }) => {
      const prefix = keyPrefix.text(definition.number);
      return hasKeyLike(
        statement,
        alias,
        values.map((value) => `${prefix}${startOf(fold(unescape(value)))}`),
      );
    }),
    'of-type': comparison(1, (context, row, { definition, name, values }) =>
      isOneOf(
        context,
        row,
        values.map((value) => ofTypeAsked(definition, name, value)),
      ),
    ),
    missing,
  },
  refusedModifiers: Object.fromEntries(
    ['in', 'not-in', 'above', 'below'].map((modifier) => [modifier, needsTerminology(modifier)]),
  ),
  exactKey: ({ definition, modifier, name, values: [value = ''] }) =>
    modifier === undefined ? tokenAsked(definition, name, value) : undefined,
  listedKey: ({ definition, modifier, values: [value = ''] }) => {
    const code = splitUnescaped(value, '|').map(unescape).at(-1)!;
    // `system|` asks for every code of the system.
    if (modifier !== undefined || (code === '' && value.includes('|'))) return undefined;
    return indexKey.anySystem(definition.number, comparedCode(definition, code));
  },
  sort: (row, parameter, end, statement) => sortByKey(row, keyPrefix.anySystem(parameter), end, statement),
};
