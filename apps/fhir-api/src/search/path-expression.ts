import fhirpath from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4';
import { unionParts } from '../definitions/expression-parts.js';

/** Gives the values of an expression on a resource (or, for composites, on one focus of it). */
export type Extractor = (focus: unknown) => unknown[];

type Step = (values: unknown[]) => unknown[];

const cap = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Types of the choice elements (`value[x]`, FHIR R4 §2.1.23.1.1) by name, whatever resource or data type they are in. */
const choices = new Map<string, string[]>();
for (const [path, types] of Object.entries(
  (r4 as { choiceTypePaths: Record<string, string[]> }).choiceTypePaths,
)) {
  const name = path.slice(path.lastIndexOf('.') + 1);
  choices.set(name, [...new Set([...(choices.get(name) ?? []), ...types.map(cap)])]);
}

const child = (name: string): Step => {
  const names = (choices.get(name) ?? []).map((type) => name + type);
  return (values) => {
    const found: unknown[] = [];
    for (const value of values) {
      if (!isObject(value)) continue;
      let held = value[name];
      for (let i = 0; held === undefined && i < names.length; i++) held = value[names[i] as string];
      if (Array.isArray(held)) for (const item of held as unknown[]) found.push(item);
      else if (held !== undefined && held !== null) found.push(held);
    }
    return found;
  };
};

/** `value.ofType(Quantity)`: in JSON the choice `valueQuantity`. */
const choice =
  (name: string, type: string): Step =>
  (values) => {
    const found: unknown[] = [];
    for (const value of values) {
      if (!isObject(value)) continue;
      const held = value[name + cap(type)];
      if (Array.isArray(held)) found.push(...(held as unknown[]));
      else if (held !== undefined) found.push(held);
      // Not a choice: the element has this one type, and `as` only says so.
      else if (value[name] !== undefined) found.push(...[value[name]].flat());
    }
    return found;
  };

/** The type of a reference's target, from the reference itself; nothing is fetched. */
function referencedType(value: unknown): string | undefined {
  const text = isObject(value) ? value.reference : value;
  if (isObject(value) && typeof value.type === 'string') return value.type;
  return typeof text === 'string' ? /(?:^|\/)([A-Z][A-Za-z]+)\/[^/]+$/.exec(text)?.[1] : undefined;
}

class Untranslatable extends Error {}

/**
 * Translates the path expressions that SearchParameters are made of into functions: names, choices, `where` with an equality or
 * `resolve() is Type`, `ofType`, `as`, `exists`. A hundred times faster than interpreting FHIRPath for each value.
 * @throws Untranslatable for anything else
 */
function translate(path: string, type: string | undefined): Extractor {
  const text = path.trim();
  const as = /^\((.+) as ([A-Za-z]+)\)((?:\..+)?)$/.exec(text) ?? /^(.+) as ([A-Za-z]+)()$/.exec(text);
  if (as) return translate(`${as[1]}.ofType(${as[2]})${as[3] ?? ''}`, type);
  if (/^\((.*)\)$/.test(text) && balanced(text.slice(1, -1))) return compile(text.slice(1, -1), type);
  const names = steps(text);
  if (type !== undefined && names[0] === type) names.shift();
  else if (names.length === 1 && names[0] === '$this') names.shift();
  const program: Step[] = [];
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    const next = names[i + 1];
    const typed = next && /^(?:ofType|as)\(([A-Za-z.]+)\)$/.exec(next);
    if (/^[A-Za-z]\w*$/.test(name)) {
      if (typed) {
        program.push(choice(name, (typed[1] as string).replace(/^(FHIR|System)\./, '')));
        i += 1;
      } else program.push(child(name));
    } else program.push(call(name));
  }
  return (focus) => program.reduce<unknown[]>((values, step) => step(values), [focus]);
}

function call(step: string): Step {
  const [, name, argument] = /^(\w+)\((.*)\)$/.exec(step) ?? [];
  if (name === 'resolve') return (values) => values;
  if (name === 'exists' && argument === '') return (values) => [values.length > 0];
  if (name !== 'where' || argument === undefined) throw new Untranslatable(step);
  const resolved = /^resolve\(\) is ([A-Za-z]+)$/.exec(argument);
  if (resolved) return (values) => values.filter((value) => referencedType(value) === resolved[1]);
  const equality = /^([\w.]+)\s*=\s*'([^']*)'$/.exec(argument);
  if (!equality) throw new Untranslatable(step);
  const inner = translate(equality[1] as string, undefined);
  return (values) => values.filter((value) => inner(value).includes(equality[2]));
}

/** Splits a path at its dots, leaving what is in parentheses or quotes alone. */
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

/** An expression as FHIRPath itself understands it; for what {@link compile} cannot translate. */
export function interpret(expression: string): Extractor {
  const compiled = fhirpath.compile(expression, r4) as (focus: unknown) => unknown[];
  return (focus) => compiled(focus);
}

function compile(expression: string, type: string | undefined): Extractor {
  const parts = unionParts(expression).map((part) => translate(part, type));
  return (focus) => {
    const found: unknown[] = [];
    for (const part of parts) for (const value of part(focus)) if (!found.includes(value)) found.push(value);
    return found;
  };
}

/**
 * Makes a function of a SearchParameter's expression.
 * @param type the resource type that paths begin with, or undefined for paths relative to a focus
 */
export function extractor(expression: string, type: string | undefined): Extractor {
  try {
    return compile(expression, type);
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error;
    return interpret(expression);
  }
}
