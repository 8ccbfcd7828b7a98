import { createRequire } from 'node:module';
import r4 from 'fhirpath/fhir-context/r4';
import { unionParts } from '../definitions/expression-parts.js';

/** Gives the values of an expression on a resource (or, for composites, on one focus of it). */
export type Extractor = (focus: unknown) => unknown[];

/** An expression as a function, and the members on which its values depend. */
export interface PathExpression {
  extract: Extractor;
  /**
   * Members of the focus: an object with none of them has no value. Undefined when that is not known, or when
   * an object without any member has a value, such as `exists()`.
   */
  members: readonly string[] | undefined;
}

/** Follows the rest of the path from one value, and adds the values it finds. */
type Visit = (value: unknown, found: unknown[]) => void;

/** One step of a path, given the steps behind it. */
type Step = (next: Visit) => Visit;

const cap = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Types of the choice elements (`value[x]`, FHIR R4 §2.1.23.1.1) by name, whatever resource or data type they
 * are in.
 */
const choices = new Map<string, string[]>();
for (const [path, types] of Object.entries(
  (r4 as { choiceTypePaths: Record<string, string[]> }).choiceTypePaths,
)) {
  const name = path.slice(path.lastIndexOf('.') + 1);
  choices.set(name, [...new Set([...(choices.get(name) ?? []), ...types.map(cap)])]);
}

/** The names that a choice element may have in JSON; only its own name for any other element. */
const namesOf = (name: string): string[] => [name, ...(choices.get(name) ?? []).map((type) => name + type)];

function visitHeld(held: unknown, next: Visit, found: unknown[]): void {
  if (Array.isArray(held)) for (const item of held as unknown[]) next(item, found);
  else if (held !== undefined && held !== null) next(held, found);
}

const child = (name: string): Step => {
  const names = namesOf(name);
  if (names.length > 1) return choiceOf(names);
  return (next) => (value, found) => {
    if (isObject(value)) visitHeld(value[name], next, found);
  };
};

/**
 * The first of the names that an object has. It goes through the members that are there: to ask V8 for eleven
 * members that an object lacks is ten times as slow.
 */
function choiceOf(names: readonly string[]): Step {
  const ranks = new Map(names.map((name, rank) => [name, rank]));
  return (next) => (value, found) => {
    if (!isObject(value)) return;
    let first = names.length;
    let held: unknown;
    for (const key in value) {
      const rank = ranks.get(key);
      if (rank === undefined || rank >= first) continue;
      first = rank;
      held = value[key];
    }
    visitHeld(held, next, found);
  };
}

/** `value.ofType(Quantity)`: in JSON the choice `valueQuantity`. */
const choice = (name: string, type: string): Step => {
  const typed = name + cap(type);
  return (next) => (value, found) => {
    // Without the choice's name the element has this one type, and `as` only says so.
    if (isObject(value)) visitHeld(value[typed] ?? value[name], next, found);
  };
};

const where =
  (isKept: (value: unknown) => boolean): Step =>
  (next) =>
  (value, found) => {
    if (isKept(value)) next(value, found);
  };

/** The type of a reference's target, read from the reference itself. No resource is fetched. */
function referencedType(value: unknown): string | undefined {
  const text = isObject(value) ? value.reference : value;
  if (isObject(value) && typeof value.type === 'string') return value.type;
  return typeof text === 'string' ? /(?:^|\/)([A-Z][A-Za-z]+)\/[^/]+$/.exec(text)?.[1] : undefined;
}

class Untranslatable extends Error {}

/**
 * Translates the path expressions of SearchParameters into functions: names, choices, `where` with an
 * equality or `resolve() is Type`, `ofType`, `as`, `exists`, `and`, `!=`. A function is a hundred times
 * faster than an interpreter of FHIRPath.
 * @throws Untranslatable for anything else
 */
function translate(path: string, type: string | undefined): PathExpression {
  const text = path.trim();
  const conditions = text.split(' and ');
  if (conditions.length > 1 && conditions.every(balanced)) {
    const all = conditions.map((condition) => translate(condition, type).extract);
    return {
      extract: (focus) => [all.every((condition) => condition(focus)[0] === true)],
      members: undefined,
    };
  }
  const unequal = /^(.+) != (true|false)$/.exec(text);
  if (unequal) {
    const { extract, members } = translate(unequal[1] as string, type);
    return { extract: (focus) => extract(focus).map((value) => String(value) !== unequal[2]), members };
  }
  const as = /^\((.+) as ([A-Za-z]+)\)((?:\..+)?)$/.exec(text) ?? /^(.+) as ([A-Za-z]+)()$/.exec(text);
  if (as) return translate(`${as[1]}.ofType(${as[2]})${as[3] ?? ''}`, type);
  const names = steps(text);
  if (/^\(.*\)$/.test(names[0] ?? '')) {
    const group = compile((names.shift() as string).slice(1, -1), type);
    const visit = program(names);
    const extract = (focus: unknown) => {
      const found: unknown[] = [];
      for (const value of group.extract(focus)) visit(value, found);
      return found;
    };
    return { extract, members: group.members };
  }
  if (names.at(-1) === 'exists()') {
    const inner = translate(names.slice(0, -1).join('.'), type).extract;
    return { extract: (focus) => [inner(focus).length > 0], members: undefined };
  }
  if (type !== undefined && names[0] === type) names.shift();
  else if (names.length === 1 && names[0] === '$this') names.shift();
  const visit = program(names);
  const extract = (focus: unknown) => {
    const found: unknown[] = [];
    visit(focus, found);
    return found;
  };
  return { extract, members: firstMembers(names) };
}

const isName = (step: string | undefined): step is string => step !== undefined && /^[A-Za-z]\w*$/.test(step);
const typeOfChoice = (step: string | undefined): string | undefined =>
  step === undefined
    ? undefined
    : /^(?:ofType|as)\(([A-Za-z.]+)\)$/.exec(step)?.[1]?.replace(/^(FHIR|System)\./, '');

/** The members that the first step of a path looks at. */
function firstMembers([first, second]: readonly string[]): string[] | undefined {
  if (!isName(first)) return undefined;
  const type = typeOfChoice(second);
  return type === undefined ? namesOf(first) : [first + cap(type), first];
}

/** The steps of a path as one function. */
function program(names: readonly string[]): Visit {
  const made: Step[] = [];
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    const type = typeOfChoice(names[i + 1]);
    if (!isName(name)) made.push(call(name));
    else if (type === undefined) made.push(child(name));
    else {
      made.push(choice(name, type));
      i += 1;
    }
  }
  return made.reduceRight<Visit>(
    (next, step) => step(next),
    (value, found) => {
      found.push(value);
    },
  );
}

function call(step: string): Step {
  const [, name, argument] = /^(\w+)\((.*)\)$/.exec(step) ?? [];
  if (name === 'resolve') return (next) => next;
  if (name !== 'where' || argument === undefined) throw new Untranslatable(step);
  const resolved = /^resolve\(\) is ([A-Za-z]+)$/.exec(argument);
  if (resolved) return where((value) => referencedType(value) === resolved[1]);
  const equality = /^([\w.]+)\s*=\s*'([^']*)'$/.exec(argument);
  if (!equality) throw new Untranslatable(step);
  const inner = translate(equality[1] as string, undefined).extract;
  return where((value) => inner(value).includes(equality[2]));
}

/** Splits a path at its dots, except those in parentheses or quotes. */
function steps(path: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let i = 0; i <= path.length; i++) {
    const c = path[i];
    if (c === "'") quoted = !quoted;
    else if (!quoted && c === '(') depth += 1;
    else if (!quoted && c === ')') depth -= 1;
    else if (c === undefined || (c === '.' && depth === 0 && !quoted)) {
      found.push(path.slice(start, i).trim());
      start = i + 1;
    }
  }
  return found;
}

function balanced(text: string): boolean {
  let depth = 0;
  for (const c of text) {
    if (c === '(') depth += 1;
    if (c === ')' && --depth < 0) return false;
  }
  return depth === 0;
}

// The interpreter takes longer to load than a small file of resources, and few expressions need it.
const fhirpath = () => createRequire(import.meta.url)('fhirpath') as typeof import('fhirpath');

/** Interprets an expression that {@link compile} cannot translate. */
export function interpret(expression: string): Extractor {
  const compiled = fhirpath().compile(expression, r4) as (focus: unknown) => unknown[];
  return (focus) => compiled(focus);
}

function compile(expression: string, type: string | undefined): PathExpression {
  const parts = unionParts(expression).map((part) => translate(part, type));
  if (parts.length === 1) return parts[0] as PathExpression;
  const extractors = parts.map(({ extract }) => extract);
  const extract = (focus: unknown) => {
    const found: unknown[] = [];
    for (const part of extractors)
      for (const value of part(focus)) if (!found.includes(value)) found.push(value);
    return found;
  };
  const known = parts.every(({ members }) => members !== undefined);
  return { extract, members: known ? [...new Set(parts.flatMap(({ members }) => members!))] : undefined };
}

/**
 * Makes a function of a SearchParameter's expression.
 * @param type the resource type that paths begin with, or undefined for paths relative to a focus
 */
export function pathExpression(expression: string, type: string | undefined): PathExpression {
  try {
    return compile(expression, type);
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error;
    return { extract: interpret(expression), members: undefined };
  }
}
