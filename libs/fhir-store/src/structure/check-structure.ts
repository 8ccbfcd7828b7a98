import { readStructures, type ElementRow } from '../definitions/structures.js';
import { takeMarkedNumbers, withMarkedNumbers } from './number-literals.js';
import { lookForForbiddenCharacters, primitives } from './primitives.js';

type Json = Record<string, unknown>;

/** A fault in the structure of a resource. */
export interface StructureProblem {
  /** Path without indexes: `Patient.contact.gender`. */
  element: string;
  /** A continuation of the element: `is an empty array`. */
  problem: string;
}

interface Element extends Omit<ElementRow, 'codes'> {
  primitive: ((value: unknown) => string | undefined) | undefined;
  /** Codes of a required binding, by system. */
  codes: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  /** The same codes, of any system. */
  anyCode: ReadonlySet<string> | undefined;
  /** The type of a value with elements; undefined for primitive types and resources. */
  own: Type | undefined;
  /** One bit of its element or choice in {@link Type}.required, or 0. */
  requiredBit: number;
  /** One bit of its choice among the choices of the type, or 0. */
  choiceBit: number;
  /** Whether its value may refer to another resource: `Reference.reference` or `Attachment.url`. */
  refers: boolean;
  /** Whether its value is a number without a fraction. */
  isInteger: boolean;
}

interface Type {
  elements: ReadonlyMap<string, Element>;
  /** Names of elements and choices that have to be there, in the order of their bits. */
  required: readonly string[];
  /** The bits of all of them. */
  requiredBits: number;
  isResource: boolean;
}

let compiled: Map<string, Type> | undefined;

function types(): Map<string, Type> {
  if (compiled) return compiled;
  const table = readStructures();
  const codes = new Map(
    Object.entries(table.codes).map(([url, systems]) => [
      url,
      new Map(Object.entries(systems).map(([system, list]) => [system, new Set(list)] as const)),
    ]),
  );
  compiled = new Map(
    Object.entries(table.types).map(([path, rows]) => [path, compileType(path, rows, codes)] as const),
  );
  for (const { elements } of compiled.values())
    for (const element of elements.values()) element.own = compiled.get(element.type);
  return compiled;
}

/** The types of numbers without a fraction. */
const integerTypes = ['integer', 'unsignedInt', 'positiveInt'];

/** The members that refer to resources, by type. */
const referring: Readonly<Record<string, string>> = { Reference: 'reference', Attachment: 'url' };

function compileType(
  type: string,
  rows: readonly ElementRow[],
  codes: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>,
): Type {
  const elements = new Map<string, Element>();
  const nameOf = ({ choice, name }: ElementRow) => choice ?? name;
  const required = [...new Set(rows.filter(({ min }) => min > 0).map(nameOf))];
  const choices = [...new Set(rows.flatMap(({ choice }) => choice ?? []))];
  if (Math.max(required.length, choices.length) > 31) throw new Error('a number has 31 bits');
  for (const row of rows) {
    const allowed = row.codes === undefined ? undefined : codes.get(row.codes);
    // Each member by its name, in one order: objects of one shape. Copies of the rows have many shapes, and
    // V8 then looks up each member of each element that it checks.
    elements.set(row.name, {
      name: row.name,
      type: row.type,
      list: row.list,
      min: row.min,
      choice: row.choice,
      primitive: primitives[row.type],
      own: undefined,
      codes: allowed,
      anyCode: allowed && new Set([...allowed.values()].flatMap((set) => [...set])),
      requiredBit: bitOf(required.indexOf(nameOf(row))),
      choiceBit: row.choice === undefined ? 0 : bitOf(choices.indexOf(row.choice)),
      refers: referring[type] === row.name,
      isInteger: integerTypes.includes(row.type),
    });
  }
  // Of the types, only resources have implicitRules.
  const isResource = elements.has('implicitRules');
  return { elements, required, requiredBits: 2 ** required.length - 1, isResource };
}

const bitOf = (index: number) => (index < 0 ? 0 : 1 << index);

/** A resource with more problems is refused anyway. */
const maxProblems = 20;

/** The names from the resource down to the value that is being checked. */
const trail: string[] = [];

/** The result of a walk over a resource. */
export interface Walked {
  /** At most twenty. */
  problems: StructureProblem[];
  /** Number of members of objects, at all depths; undefined when the resource has problems. */
  members: number | undefined;
  /** `reference` of each Reference, and `url` of each Attachment, as they are written. */
  references: string[];
  /** Each Coding. */
  codings: Json[];
}

/* The result so far. */
let members = 0;
let references: string[] = [];
let codings: Json[] = [];
let integers = new Set<string>();

/**
 * Checks types, cardinality, codes of required bindings and dates against R4's StructureDefinitions. Profiles
 * of guides, slices and invariants are not checked. Counts members and collects references on the way,
 * because another walk would cost as much again.
 * @param resource of a type that is loaded
 * @param text its JSON: without escapes no string of it can hold a character that FHIR forbids
 */
export function checkStructure(resource: Json, text: string): Walked {
  const walked = walk(resource, text);
  if (walked.problems.length > 0 || integers.size === 0) return walked;
  const marked = withMarkedNumbers(text, integers);
  if (marked === undefined) return walked;
  takeMarkedNumbers(true);
  try {
    const { problems } = walk(JSON.parse(marked) as Json, text);
    return problems.length > 0 ? { ...walked, problems, members: undefined } : walked;
  } finally {
    takeMarkedNumbers(false);
  }
}

function walk(resource: Json, text: string): Walked {
  const problems: StructureProblem[] = [];
  lookForForbiddenCharacters(text.includes('\\') && escapedCharacter.test(text));
  trail.length = 0;
  trail.push(String(resource.resourceType));
  members = 0;
  references = [];
  codings = [];
  integers = new Set();
  checkResource(resource, problems);
  return { problems, members: problems.length > 0 ? undefined : members, references, codings };
}

/** An escape that may stand for a control character or half of a surrogate pair. */
const escapedCharacter = /\\[ubf]/;

/** A contained resource may be of any type of R4, also of one that is not loaded. */
function checkResource(resource: Json, problems: StructureProblem[]): void {
  const { resourceType } = resource;
  if (typeof resourceType !== 'string') return report(problems, undefined, 'has no resourceType');
  const type = types().get(resourceType);
  if (type?.isResource) checkElements(resource, type, problems, true);
  else report(problems, undefined, `is of no resource type of R4: ${JSON.stringify(resourceType)}`);
}

/** @param name of the element at fault, below the value that is being checked */
function report(problems: StructureProblem[], name: string | undefined, problem: string): void {
  if (problems.length === maxProblems) return;
  problems.push({ element: [...trail, ...(name === undefined ? [] : [name])].join('.'), problem });
}

function checkElements(value: Json, type: Type, problems: StructureProblem[], isResource = false): void {
  let isEmpty = true;
  let [present, choices] = [0, 0];
  for (const name in value) {
    members += 1;
    if (isResource && name === 'resourceType') continue;
    isEmpty = false;
    let plain = name;
    let element = type.elements.get(name);
    if (element) checkElement(value[name], element, value, problems);
    else {
      plain = name.slice(1);
      element = name.startsWith('_') ? type.elements.get(plain) : undefined;
      if (!element?.primitive) {
        report(problems, name, 'is no element of R4');
        continue;
      }
      checkBeside(value[name], value[plain], element, problems);
    }
    present |= element.requiredBit;
    if (element.choiceBit !== 0) {
      if ((choices & element.choiceBit) !== 0 && isRepeated(element, value, type))
        report(problems, element.choice, 'is there in more than one type');
      choices |= element.choiceBit;
    }
  }
  if (isEmpty && !isResource) return report(problems, undefined, 'is an empty object');
  if (present !== type.requiredBits)
    for (const [i, name] of type.required.entries())
      if ((present & bitOf(i)) === 0) report(problems, name, 'is missing');
}

/** Whether the choice has a value of another type, too. */
const isRepeated = ({ name, choiceBit }: Element, value: Json, { elements }: Type): boolean =>
  Object.keys(value).some((key) => {
    const plain = key.replace(/^_/, '');
    return plain !== name && elements.get(plain)?.choiceBit === choiceBit;
  });

function checkElement(value: unknown, element: Element, parent: Json, problems: StructureProblem[]): void {
  const { name, list } = element;
  if (!list) {
    checkValue(value, element, problems);
    return;
  }
  if (!Array.isArray(value)) report(problems, name, 'is not an array');
  else if (value.length === 0) report(problems, name, 'is an empty array');
  else {
    const beside = element.primitive && parent[`_${name}`];
    for (let i = 0; i < value.length; i++)
      // In an array of primitives, null stands for a value that only has extensions (FHIR R4 §2.6.2.3).
      if (value[i] !== null || !Array.isArray(beside) || (beside[i] ?? null) === null)
        checkValue(value[i], element, problems);
  }
}

function checkValue(value: unknown, element: Element, problems: StructureProblem[]): void {
  const { name, primitive, type, own, codes, anyCode } = element;
  if (primitive) {
    const reason = primitive(value);
    if (reason) report(problems, name, `is ${reason}`);
    else if (element.isInteger) integers.add(name);
    else if (anyCode && !anyCode.has(value as string))
      report(problems, name, `is none of the codes that R4 requires: ${JSON.stringify(value)}`);
    if (element.refers && typeof value === 'string') noteReference(value, name);
    return;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    report(problems, name, Array.isArray(value) ? 'is an array' : 'is not an object');
    return;
  }
  if (type === 'Resource') {
    trail.push(name);
    checkResource(value as Json, problems);
    trail.pop();
    return;
  }
  if (type === 'Coding') codings.push(value as Json);
  trail.push(name);
  checkElements(value as Json, own!, problems);
  trail.pop();
  if (codes && !hasRequiredCode(value as Json, codes))
    report(problems, name, 'has none of the codes that R4 requires');
}

/**
 * It is called where the walk comes to the member: a look at each Reference for members that it may lack is
 * slow, because References have many shapes.
 */
function noteReference(text: string, name: string): void {
  if (name === 'reference' || text.includes('Binary/')) references.push(text);
}

/** Whether one of the codings of a CodeableConcept is of a required binding. */
function hasRequiredCode({ coding }: Json, codes: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  return (
    Array.isArray(coding) &&
    coding.some((one) => codes.get(String((one as Json | null)?.system))?.has(String((one as Json).code)))
  );
}

/** Checks the members beside a primitive value: its id and extensions, in `_name`. */
function checkBeside(
  beside: unknown,
  value: unknown,
  { name, list }: Element,
  problems: StructureProblem[],
): void {
  const place = `_${name}`;
  const element = types().get('Element')!;
  const items = list ? beside : [beside];
  if (!Array.isArray(items)) return report(problems, place, 'is not an array');
  if (list && value !== undefined && items.length !== (value as unknown[]).length)
    report(problems, place, 'has another length than the values beside it');
  for (const item of items) {
    if (list && item === null) continue;
    if (typeof item !== 'object' || item === null || Array.isArray(item))
      report(problems, place, 'is not an object');
    else {
      trail.push(place);
      checkElements(item as Json, element, problems);
      trail.pop();
    }
  }
}
