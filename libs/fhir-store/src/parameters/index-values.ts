import { definitions, typeDefinition, type ParameterDefinition } from '../definitions/definitions.js';
import { dateRange } from './date-range.js';
import { fold } from './fold.js';
import { extractor, type Extractor } from './path-expression.js';
import { containedResources, withAddresses } from '../index/contained.js';
import { searchKey } from '../index/search-key.js';

/** What is stored beside a resource so that searches find it; arrays of one kind run in parallel. */
export interface IndexValues {
  /** Tokens, references, uris and composites, each as a text that begins with the parameter's number: those that are read, and not only compared as a whole. */
  tokens: string[];
  /** All of them as numbers, by which whole tokens are looked for. */
  keys: number[];
  stringParam: number[];
  /** As it is, for `:exact`. */
  stringValue: string[];
  /** Folded, for prefix and `:contains`. */
  stringFolded: string[];
  dateParam: number[];
  /** Milliseconds since the epoch. */
  dateLow: number[];
  dateHigh: number[];
  numberParam: number[];
  numberLow: number[];
  numberHigh: number[];
  /** `system|code` of a quantity's unit, also its bare code or unit; one entry for each way to name it. */
  numberUnit: string[];
  /** Local references of the resource, `Type/id`. */
  references: string[];
  /** How many members its objects have, at all depths; not stored. */
  members: number;
  latitude: number | null;
  longitude: number | null;
  /** Of the resources within it, into which chains look; null when there are none. */
  contained: ContainedValues[] | null;
}

export interface ContainedValues {
  id: string;
  type: string;
  values: IndexValues;
}

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string | undefined =>
  typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : undefined;

/** Open ends of a Period, beyond all that a year of four digits can say (FHIR R4 §3.1.1.4.7): as far as JavaScript's time goes. */
const farPast = -8_640_000_000_000_000;
const farFuture = 8_640_000_000_000_000;

/** Token entries: with its system, with any system, and the system alone; `!` marks a code that has none. */
export const tokenKey = {
  systemAndCode: (parameter: number, system: string, code: string) => `${parameter}|${system}|${code}`,
  anySystem: (parameter: number, code: string) => `${parameter}||${code}`,
  noSystem: (parameter: number, code: string) => `${parameter}|!|${code}`,
  system: (parameter: number, system: string) => `${parameter}|${system}`,
  present: (parameter: number) => `${parameter}`,
  text: (parameter: number, value: string) => `${parameter}~${fold(value)}`,
  ofType: (parameter: number, system: string, code: string, value: string) =>
    `${parameter}^${system}|${code}|${value}`,
  reference: (parameter: number, target: string) => `${parameter}>${target}`,
  uri: (parameter: number, uri: string) => `${parameter}=${uri}`,
};

/** Whether a token is sorted by, followed, or compared in part: by a code alone, a text, a reference, a uri, a composite with a date or a text. */
const isRead = (token: string) => /^\d+(?:\|\||[~>=]|&.*&0[@~])/s.test(token);

/**
 * A code as it is compared (FHIR R4 §3.1.1.4.10). An element of type `code` says exactly which code system it means, and those are case-sensitive;
 * for all else it is in doubt, and then case does not count.
 */
export const comparedCode = ({ system }: Pick<ParameterDefinition, 'system'>, code: string): string =>
  system === undefined ? code.toLowerCase() : code;

interface CompiledParameter {
  definition: Pick<ParameterDefinition, 'number' | 'type' | 'system'>;
  extract: Extractor;
  components: { definition: NonNullable<ParameterDefinition['components']>[number]; extract: Extractor }[];
}

const compiled = new Map<string, CompiledParameter[]>();

function parametersOf(type: string): CompiledParameter[] {
  let parameters = compiled.get(type);
  if (!parameters) {
    parameters = Object.values(typeDefinition(type).parameters)
      // The id, the time of the last update and the place on the map have columns of their own.
      .filter(({ code }) => code !== '_id' && code !== '_lastUpdated')
      // All of one shape, whatever a definition leaves out: else the loop over them is compiled anew for each.
      .map(({ number, type: kind, system, expression, components = [] }) => ({
        definition: { number, type: kind, system },
        extract: extractor(expression, type),
        components: components.map((component) => ({
          definition: component,
          extract: extractor(component.expression, undefined),
        })),
      }));
    compiled.set(type, parameters);
  }
  return parameters;
}

/** Makes a reference comparable: our own absolute URLs become relative, versions go. */
export function localReference(reference: string, baseUrl: string): string {
  const relative = reference.startsWith(`${baseUrl}/`) ? reference.slice(baseUrl.length + 1) : reference;
  return relative.replace(/\/_history\/[^/]+$/, '');
}

const typeAndId = /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/;

/** Extracts all values of a resource that its type's SearchParameters name, and of each resource it contains. */
export function indexValues(resource: Json, baseUrl: string): IndexValues {
  const contained = containedResources(resource);
  const addressed = contained.length > 0 ? withAddresses(resource, contained) : resource;
  const values = ownValues(addressed, baseUrl);
  values.references = [...localReferences(resource, values, baseUrl)];
  if (contained.length > 0)
    values.contained = containedResources(addressed).map(({ id, type, resource: one }) => ({
      id,
      type,
      values: ownValues(one, baseUrl),
    }));
  return values;
}

function ownValues(resource: Json, baseUrl: string): IndexValues {
  const values: IndexValues = {
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
  };
  const tokens = new Tokens(values);
  const found = { values, tokens, baseUrl };
  for (const parameter of parametersOf(String(resource.resourceType))) {
    const extracted = parameter.extract(resource);
    if (extracted.length === 0) continue;
    const { number, type } = parameter.definition;
    if (type !== 'composite') tokens.add(tokenKey.present(number));
    indexers[type](found, parameter, extracted.map(heldValue));
  }
  return values;
}

/** Takes each token of a resource once. */
class Tokens {
  private readonly seen = new Set<number>();

  constructor(private readonly values: Pick<IndexValues, 'keys' | 'tokens'>) {}

  add(token: string): void {
    const key = searchKey(token);
    if (this.seen.has(key)) return;
    this.seen.add(key);
    this.values.keys.push(key);
    if (isRead(token)) this.values.tokens.push(token);
  }
}

interface Found {
  values: IndexValues;
  tokens: Tokens;
  baseUrl: string;
}

type Indexer = (found: Found, parameter: CompiledParameter, extracted: unknown[]) => void;

const indexNumber: Indexer = ({ values }, { definition }, extracted) => {
  for (const value of extracted)
    for (const { low, high, unit } of numbersOf(value)) {
      values.numberParam.push(definition.number);
      values.numberLow.push(low);
      values.numberHigh.push(high);
      values.numberUnit.push(unit);
    }
};

/** What is kept of the values of each kind of parameter. */
const indexers: Record<ParameterDefinition['type'], Indexer> = {
  token({ tokens }, { definition }, extracted) {
    for (const value of extracted) for (const key of tokenKeys(definition, value)) tokens.add(key);
  },
  reference({ tokens, baseUrl }, { definition }, extracted) {
    for (const value of extracted)
      for (const key of referenceKeys(definition.number, value, baseUrl)) tokens.add(key);
  },
  uri({ tokens }, { definition }, extracted) {
    for (const value of extracted) {
      const uri = text(value);
      if (uri) tokens.add(tokenKey.uri(definition.number, uri));
    }
  },
  string({ values }, { definition }, extracted) {
    for (const value of extracted.flatMap(stringsOf)) {
      values.stringParam.push(definition.number);
      values.stringValue.push(value);
      values.stringFolded.push(fold(value));
    }
  },
  date({ values }, { definition }, extracted) {
    for (const value of extracted) {
      const range = rangeOfDate(value);
      if (!range || holdsDate(values, definition.number, range)) continue;
      values.dateParam.push(definition.number);
      values.dateLow.push(range.low);
      values.dateHigh.push(range.high);
    }
  },
  quantity: indexNumber,
  number: indexNumber,
  composite({ values, tokens, baseUrl }, { definition, components }, extracted) {
    for (const focus of extracted) compositeValues(values, tokens, definition, components, focus, baseUrl);
  },
  special({ values }, _parameter, extracted) {
    position(values, extracted[0]);
  },
};

/** Some guides' expressions end at an extension where its value is meant (Plan-Net's networks). */
function heldValue(value: unknown): unknown {
  if (!isObject(value) || typeof value.url !== 'string') return value;
  const name = Object.keys(value).find((key) => /^value[A-Z]/.test(key));
  return name === undefined ? value : value[name];
}

/** The forms in which a token can be asked for. */
export function tokenKeys(
  definition: Pick<ParameterDefinition, 'number' | 'system'>,
  value: unknown,
): string[] {
  const { number, system: implied } = definition;
  const keys: string[] = [];
  const add = (system: string | undefined, given: string | undefined) => {
    const code = given === undefined ? undefined : comparedCode(definition, given);
    if (code !== undefined) {
      keys.push(tokenKey.anySystem(number, code));
      keys.push(system ? tokenKey.systemAndCode(number, system, code) : tokenKey.noSystem(number, code));
    }
    if (system) keys.push(tokenKey.system(number, system));
  };
  const addText = (words: unknown) => {
    if (typeof words === 'string') keys.push(tokenKey.text(number, words));
  };
  if (!isObject(value)) {
    const code = text(value);
    add(implied, code);
    if (implied && code !== undefined) keys.push(tokenKey.noSystem(number, code));
  } else if (Array.isArray(value.coding) || (typeof value.text === 'string' && value.code === undefined)) {
    for (const coding of (value.coding as Json[] | undefined) ?? []) {
      add(text(coding.system), text(coding.code));
      addText(coding.display);
    }
    addText(value.text);
  } else if (value.value !== undefined && value.code === undefined) {
    // Identifier or ContactPoint; the system of a ContactPoint is its kind.
    add(text(value.system), text(value.value));
    const type = isObject(value.type) ? value.type : undefined;
    addText(type?.text);
    for (const coding of (type?.coding as Json[] | undefined) ?? [])
      keys.push(
        tokenKey.ofType(
          number,
          text(coding.system) ?? '',
          comparedCode(definition, text(coding.code) ?? ''),
          comparedCode(definition, text(value.value) ?? ''),
        ),
      );
  } else {
    add(text(value.system), text(value.code));
    addText(value.display);
  }
  return keys;
}

export function referenceKeys(number: number, value: unknown, baseUrl: string): string[] {
  const keys: string[] = [];
  const target = isObject(value) ? value.reference : value;
  if (typeof target === 'string' && target !== '') {
    keys.push(tokenKey.reference(number, localReference(target, baseUrl)));
    // A canonical is found with and without its version (FHIR R4 §3.1.1.4.13).
    if (!isObject(value) && target.includes('|'))
      keys.push(tokenKey.reference(number, target.slice(0, target.indexOf('|'))));
  }
  if (isObject(value) && isObject(value.identifier)) keys.push(...tokenKeys({ number }, value.identifier));
  return keys;
}

function stringsOf(value: unknown): string[] {
  if (!isObject(value)) return [text(value)].filter((part) => part !== undefined);
  const parts = [
    value.text,
    value.family,
    value.given,
    value.prefix,
    value.suffix,
    value.line,
    value.city,
    value.district,
    value.state,
    value.postalCode,
    value.country,
  ];
  return parts.flat().filter((part): part is string => typeof part === 'string');
}

function rangeOfDate(value: unknown): { low: number; high: number } | undefined {
  if (typeof value === 'string') return dateRange(value);
  if (!isObject(value)) return undefined;
  if (value.start !== undefined || value.end !== undefined) {
    const low = typeof value.start === 'string' ? dateRange(value.start)?.low : farPast;
    const high = typeof value.end === 'string' ? dateRange(value.end)?.high : farFuture;
    return low === undefined || high === undefined ? undefined : { low, high };
  }
  // Timing: from its first event to its last, or its bounds.
  const events = (Array.isArray(value.event) ? value.event : [])
    .map((event) => dateRange(String(event)))
    .filter((range) => range !== undefined);
  if (events.length > 0)
    return {
      low: Math.min(...events.map(({ low }) => low)),
      high: Math.max(...events.map(({ high }) => high)),
    };
  return isObject(value.repeat) && isObject(value.repeat.boundsPeriod)
    ? rangeOfDate(value.repeat.boundsPeriod)
    : undefined;
}

/** A claim says the same day on each of its lines; once is enough. */
function holdsDate(values: IndexValues, number: number, { low, high }: { low: number; high: number }) {
  return values.dateParam.some(
    (parameter, i) => parameter === number && values.dateLow[i] === low && values.dateHigh[i] === high,
  );
}

interface IndexedNumber {
  low: number;
  high: number;
  unit: string;
}

/** A quantity under each name its unit can be asked by; a range from its low to its high. */
function numbersOf(value: unknown): IndexedNumber[] {
  if (typeof value === 'number') return [{ low: value, high: value, unit: '' }];
  if (!isObject(value)) return [];
  if (isObject(value.low) || isObject(value.high)) {
    const [low, high] = [value.low, value.high].map((end) => (isObject(end) ? end : undefined));
    return unitsOf(low ?? high ?? {}).map((unit) => ({
      low: typeof low?.value === 'number' ? low.value : -Number.MAX_VALUE,
      high: typeof high?.value === 'number' ? high.value : Number.MAX_VALUE,
      unit,
    }));
  }
  const amount = value.value;
  if (typeof amount !== 'number') return [];
  return unitsOf(value).map((unit) => ({ ...amountRange(amount, value.comparator), unit }));
}

/** What an amount may really be: one below the limit of detection is told as `<` and the limit (FHIR R4, Quantity.comparator). */
function amountRange(amount: number, comparator: unknown): { low: number; high: number } {
  // To the next number that can be told from it.
  const beside = Math.max(Number.MIN_VALUE, Math.abs(amount) * Number.EPSILON);
  switch (comparator) {
    case '<':
      return { low: -Number.MAX_VALUE, high: amount - beside };
    case '<=':
      return { low: -Number.MAX_VALUE, high: amount };
    case '>':
      return { low: amount + beside, high: Number.MAX_VALUE };
    case '>=':
      return { low: amount, high: Number.MAX_VALUE };
    default:
      return { low: amount, high: amount };
  }
}

function unitsOf(quantity: Json): string[] {
  const [system, code, unit, currency] = [
    quantity.system,
    quantity.code,
    quantity.unit,
    quantity.currency,
  ].map(text);
  return [
    ...new Set(
      [
        '',
        system && code ? `${system}|${code}` : undefined,
        code,
        unit,
        currency,
        currency ? `urn:iso:std:iso:4217|${currency}` : undefined,
      ].filter((name) => name !== undefined),
    ),
  ];
}

/** A composite is kept as pairs of its parts' keys; a second part that is a date or a number as an interval under the first's key. */
export const compositeKey = (number: number, keys: readonly string[]) => `${number}&${keys.join('&')}`;

/** Pairs that one value may make; a resource with a hundred codes beside a hundred others has ten thousand. */
const mostPairs = 50_000;
const tooManyPairs = () =>
  new Error(`a composite search parameter would find more than ${mostPairs} pairs of codes in it`);

function compositeValues(
  values: IndexValues,
  tokens: Tokens,
  definition: CompiledParameter['definition'],
  components: CompiledParameter['components'],
  focus: unknown,
  baseUrl: string,
): void {
  const [first, second] = components;
  const seconds = second?.extract(focus) ?? [];
  if (!first || !second || seconds.length === 0) return;
  const firstKeys = first
    .extract(focus)
    .flatMap((value) => tokenKeys({ number: 0 }, value))
    .filter((key) => key.startsWith('0|'));
  if (firstKeys.length * seconds.length > mostPairs) throw tooManyPairs();
  for (const value of seconds) {
    if (second.definition.type === 'quantity')
      for (const { low, high, unit } of numbersOf(value))
        for (const key of firstKeys) {
          values.numberParam.push(definition.number);
          values.numberLow.push(low);
          values.numberHigh.push(high);
          values.numberUnit.push(compositeKey(definition.number, [key, unit]));
        }
    else {
      const range = second.definition.type === 'date' ? rangeOfDate(value) : undefined;
      const secondKeys =
        second.definition.type === 'reference'
          ? referenceKeys(0, value, baseUrl)
          : second.definition.type === 'string'
            ? stringsOf(value).map((part) => `0~${fold(part)}`)
            : range
              ? [`0@${range.low}@${range.high}`]
              : tokenKeys({ number: 0 }, value);
      if (firstKeys.length * secondKeys.length > mostPairs) throw tooManyPairs();
      for (const key of firstKeys)
        for (const other of secondKeys) tokens.add(compositeKey(definition.number, [key, other]));
    }
  }
}

function position(values: IndexValues, value: unknown): void {
  if (!isObject(value) || !Number.isFinite(value.latitude) || !Number.isFinite(value.longitude)) return;
  values.latitude = value.latitude as number;
  values.longitude = value.longitude as number;
}

/** Counts the members on its way. */
function localReferences(
  value: unknown,
  values: IndexValues,
  baseUrl: string,
  found = new Set<string>(),
): Set<string> {
  if (Array.isArray(value)) for (const item of value) localReferences(item, values, baseUrl, found);
  else if (isObject(value))
    for (const key in value) {
      values.members += 1;
      const item = value[key];
      if (typeof item === 'object') localReferences(item, values, baseUrl, found);
      else if (key === 'reference' && typeof item === 'string') {
        const local = localReference(item, baseUrl);
        if (typeAndId.test(local)) found.add(local);
      }
    }
  return found;
}

/** The token of a resource that refers to `Type/id` by a parameter. */
export const referenceKey = (type: string, code: string, target: string): string =>
  tokenKey.reference(typeDefinition(type).parameters[code]!.number, target);

/** How a type's references to a patient begin, of the parameters by which the compartment takes it in. */
const compartmentPrefixes = new Map<string, string[]>();

function compartmentPrefixesOf(type: string): string[] {
  let prefixes = compartmentPrefixes.get(type);
  if (!prefixes) {
    prefixes = (definitions.patientCompartment[type] ?? [])
      .map((code) => typeDefinition(type).parameters[code]?.number)
      .filter((number) => number !== undefined)
      .map((number) => tokenKey.reference(number, 'Patient/'));
    compartmentPrefixes.set(type, prefixes);
  }
  return prefixes;
}

/** The patients whose compartment R4's CompartmentDefinition takes the resource into. */
export function compartmentOf(resource: Json, values: IndexValues): string[] {
  const type = String(resource.resourceType);
  if (type === 'Patient') return [String(resource.id)];
  const prefixes = compartmentPrefixesOf(type);
  const patients = new Set<string>();
  for (const key of values.tokens) {
    if (!key.includes('>Patient/')) continue;
    const prefix = prefixes.find((candidate) => key.startsWith(candidate));
    if (prefix && typeAndId.test(key.slice(key.indexOf('>') + 1))) patients.add(key.slice(prefix.length));
  }
  return [...patients];
}
