import fhirpath from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4';
import { readPackage, readR4 } from '../definitions/read-package.js';

/**
 * Search a second time, independently of the engine: values by the FHIRPath interpreter on the SearchParameter as it was published, comparisons
 * written from the text of FHIR R4 §3.1.1.4. It knows nothing of how values are stored.
 */

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- values of every FHIR type
export type Value = any;
export type Resource = Record<string, Value> & { resourceType: string; id: string };

interface SearchParameter {
  resourceType: string;
  url: string;
  type: string;
  expression?: string;
}

export const guides = ['us-core-6.1.0', 'carin-bb-2.0.0', 'plan-net-1.1.0'];
export const guideArchive = (guide: string) => new URL(`../../../../data/igs/${guide}.tgz`, import.meta.url);

const published = new Map<string, SearchParameter>();
for (const parameter of readR4<SearchParameter>('SearchParameter')) published.set(parameter.url, parameter);
for (const guide of guides)
  for (const resource of await readPackage(guideArchive(guide)))
    if (resource.resourceType === 'SearchParameter') {
      const parameter = resource as unknown as SearchParameter;
      published.set(parameter.url, parameter);
    }

type Evaluate = (resource: Resource, environment: { resource: Resource }) => Value[];
const compiled = new Map<string, Evaluate>();

/** The values that the published SearchParameter finds in a resource. */
export function valuesOf(url: string, resource: Resource): Value[] {
  let evaluate = compiled.get(url);
  if (!evaluate) {
    // What a reference points to is told by the reference itself, or is contained; nothing is fetched.
    const expression = (published.get(url)?.expression ?? '').replace(
      /resolve\(\) is (\w+)/g,
      (_, type: string) =>
        `(reference.matches('(^|/)${type}/[^/]+$') or reference in %resource.contained.ofType(${type}).select('#' + id))`,
    );
    if (expression === '') throw new Error(`No expression of ${url}`);
    evaluate = fhirpath.compile(expression, r4) as Evaluate;
    compiled.set(url, evaluate);
  }
  // Plan-Net's expressions for networks end at the extension; its value is meant.
  return evaluate(resource, { resource }).map((value) => {
    const held =
      typeof value === 'object' && value.url && Object.keys(value).find((key) => /^value[A-Z]/.test(key));
    return held ? value[held] : value;
  });
}

/** A value as it is written in a search (FHIR R4 §3.1.1.4.19). */
export const escape = (text: string) => text.replace(/[\\,|$]/g, '\\$&');

/** One way to ask for a value: the modifier with its colon, what is asked, and whether a resource with these values is to be found. */
export interface Ask {
  modifier: string;
  asked: string;
  matches(values: Value[]): boolean;
}

const ask = (asked: string, matches: Ask['matches'], modifier = ''): Ask => ({ modifier, asked, matches });

/** All the ways to ask for a value of a parameter. */
export function asksFor(type: string, value: Value, baseUrl: string): Ask[] {
  switch (type) {
    case 'token':
      return tokenAsks(value);
    case 'string':
      return stringAsks(value);
    case 'date':
      return dateAsks(value);
    case 'quantity':
      return quantityAsks(value);
    case 'uri':
      return uriAsks(value);
    case 'reference':
      return referenceAsks(value, baseUrl);
    default:
      return [];
  }
}

interface Token {
  system?: string;
  code?: string;
  texts: string[];
  /** A `code`, a boolean or a string, which has no system of its own. */
  isPrimitive: boolean;
}

function tokensOf(value: Value): Token[] {
  if (typeof value !== 'object') return [{ code: String(value), texts: [], isPrimitive: true }];
  if (value.coding || value.text)
    return [
      ...(value.coding ?? []).map(({ system, code, display }: Value) => ({
        system,
        code,
        texts: display ? [display] : [],
        isPrimitive: false,
      })),
      ...(value.text ? [{ texts: [value.text], isPrimitive: false }] : []),
    ];
  const isContact = /^(phone|fax|email|pager|url|sms|other)$/.test(value.system ?? '');
  if (value.value !== undefined)
    return [
      {
        ...(isContact ? {} : { system: value.system }),
        code: value.value,
        texts: [value.type?.text].filter(Boolean),
        isPrimitive: isContact,
      },
    ];
  return [
    {
      system: value.system,
      code: value.code,
      texts: value.display ? [value.display] : [],
      isPrimitive: false,
    },
  ];
}

const same = (a: string | undefined, b: string) => a !== undefined && a.toLowerCase() === b.toLowerCase();

function tokenAsks(value: Value): Ask[] {
  const found: Ask[] = [];
  const any = (test: (token: Token) => boolean) => (values: Value[]) => values.flatMap(tokensOf).some(test);
  const not = (test: (token: Token) => boolean) => (values: Value[]) => !values.flatMap(tokensOf).some(test);
  for (const { system, code, texts, isPrimitive } of tokensOf(value)) {
    if (code !== undefined) {
      const written = escape(code);
      found.push(
        ask(
          written,
          any((t) => same(t.code, code)),
        ),
      );
      found.push(
        ask(
          written,
          not((t) => same(t.code, code)),
          ':not',
        ),
      );
      if (!isPrimitive) {
        found.push(
          ask(
            `|${written}`,
            any((t) => !t.system && same(t.code, code)),
          ),
        );
        found.push(
          ask(
            written.toUpperCase(),
            any((t) => same(t.code, code)),
          ),
        );
        if (system) {
          const both = (t: Token) => t.system === system && same(t.code, code);
          found.push(ask(`${escape(system)}|${written}`, any(both)));
          found.push(ask(`${escape(system)}|${written}`, not(both), ':not'));
          found.push(
            ask(
              `${escape(system)}|`,
              any((t) => t.system === system),
            ),
          );
          found.push(ask(`http://nowhere.example|${written}`, () => false));
        }
      }
    }
    for (const text of texts)
      found.push(
        ask(
          escape(text.slice(0, 9)),
          any((t) => t.texts.some((own) => folded(own).startsWith(folded(text.slice(0, 9))))),
          ':text',
        ),
      );
  }
  const types: Value[] = value?.type?.coding ?? [];
  for (const { system, code } of types)
    if (system && code && value.value)
      found.push(
        ask(
          [system, code, value.value].map(escape).join('|'),
          (values) =>
            values.some(
              (own) =>
                same(own.value, value.value) &&
                own.type?.coding?.some(
                  (coding: Value) => coding.system === system && same(coding.code, code),
                ),
            ),
          ':of-type',
        ),
      );
  return found;
}

const folded = (text: string) =>
  text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[-‐‑–—]/g, ' ')
    .replace(/[.,;:!?'"’()[\]{}/\\&*#%@_]/g, '')
    .replace(/\s+/g, ' ')
    .trim();

const stringParts = [
  'text',
  'family',
  'given',
  'prefix',
  'suffix',
  'line',
  'city',
  'district',
  'state',
  'postalCode',
  'country',
];
const stringsOf = (value: Value): string[] =>
  typeof value === 'object' ? stringParts.flatMap((part) => value[part] ?? []) : [String(value)];
/** Words of a name may be asked for one by one (FHIR R4 §3.1.1.4.8). */
const startsOf = (value: Value): string[] => {
  const own = stringsOf(value).map(folded);
  const isName = typeof value === 'object' && (value.family || value.given);
  return isName ? own.flatMap((text) => [text, ...text.split(' ')]) : own;
};

function stringAsks(value: Value): Ask[] {
  return stringsOf(value).flatMap((text) => {
    const middle = text.slice(Math.floor(text.length / 3), Math.floor(text.length / 3) + 4);
    const starts = (asked: string) => (values: Value[]) =>
      values.some((own) => startsOf(own).some((start) => start.startsWith(folded(asked))));
    return [
      ask(escape(text), starts(text)),
      ask(escape(text.slice(0, 3).toUpperCase()), starts(text.slice(0, 3))),
      ask(escape(text), (values) => values.some((own) => stringsOf(own).includes(text)), ':exact'),
      ask(
        escape(text.toLowerCase()),
        (values) => values.some((own) => stringsOf(own).includes(text.toLowerCase())),
        ':exact',
      ),
      ...(folded(middle) === ''
        ? []
        : [
            ask(
              escape(middle),
              (values) =>
                values.some((own) => stringsOf(own).some((s) => folded(s).includes(folded(middle)))),
              ':contains',
            ),
          ]),
    ];
  });
}

interface Interval {
  low: number;
  /** Does not belong to it. */
  high: number;
}

/** The interval of a date by its length: year, month, day, minute, second, or an instant (FHIR R4 §3.1.1.4.7). */
function intervalOf(text: string): Interval {
  const zoned = /[Z]$|[+-]\d\d:\d\d$/.test(text.slice(10)) ? text : `${text}Z`;
  const [year = 0, month = 1] = text.split('-').map(Number);
  if (text.length === 4) return { low: Date.parse(`${text}-01-01`), high: Date.UTC(year + 1, 0) };
  if (text.length === 7) return { low: Date.parse(`${text}-01`), high: Date.UTC(year, month) };
  if (text.length === 10) return { low: Date.parse(text), high: Date.parse(text) + 24 * 3600_000 };
  const low = Date.parse(zoned);
  const clock = text.slice(11).replace(/(Z|[+-]\d\d:\d\d)$/, '');
  return { low, high: low + (clock.length === 5 ? 60_000 : clock.length === 8 ? 1000 : 1) };
}

function intervalsOf(value: Value): Interval[] {
  if (typeof value === 'string') return [intervalOf(value)];
  if (value.event?.length) {
    const events: Interval[] = value.event.map(intervalOf);
    return [{ low: Math.min(...events.map((e) => e.low)), high: Math.max(...events.map((e) => e.high)) }];
  }
  const period = value.repeat?.boundsPeriod ?? value;
  if (!period.start && !period.end) return [];
  return [
    {
      low: period.start ? intervalOf(period.start).low : -Infinity,
      high: period.end ? intervalOf(period.end).high : Infinity,
    },
  ];
}

const comparisons: Record<string, (row: Interval, asked: Interval) => boolean> = {
  '': (row, asked) => row.low >= asked.low && row.high <= asked.high,
  eq: (row, asked) => row.low >= asked.low && row.high <= asked.high,
  ne: (row, asked) => !(row.low >= asked.low && row.high <= asked.high),
  gt: (row, asked) => row.high > asked.high,
  lt: (row, asked) => row.low < asked.low,
  ge: (row, asked) => row.high > asked.high || (row.low >= asked.low && row.high <= asked.high),
  le: (row, asked) => row.low < asked.low || (row.low >= asked.low && row.high <= asked.high),
  sa: (row, asked) => row.low >= asked.high,
  eb: (row, asked) => row.high <= asked.low,
};

function dateAsks(value: Value): Ask[] {
  const dates: string[] =
    typeof value === 'string' ? [value] : [value.start, value.end, ...(value.event ?? [])].filter(Boolean);
  return dates.flatMap((date) =>
    [...new Set([date, date.slice(0, 10), date.slice(0, 7), date.slice(0, 4)])].flatMap((asked, n) =>
      Object.entries(comparisons)
        // The same prefixes at every precision would be more of the same.
        .filter(([prefix], i) => prefix === '' || n === 0 || i % 2 === n % 2)
        .map(([prefix, compare]) =>
          ask(`${prefix}${asked}`, (values) =>
            values.flatMap(intervalsOf).some((row) => compare(row, intervalOf(asked))),
          ),
        ),
    ),
  );
}

interface Amount {
  low: number;
  high: number;
  units: [system: string | undefined, code: string | undefined, unit: string | undefined];
}

function amountsOf(value: Value): Amount[] {
  if (typeof value === 'number')
    return [{ low: value, high: value, units: [undefined, undefined, undefined] }];
  if (value.low || value.high) {
    const { system, code, unit } = value.low ?? value.high;
    return [
      {
        low: value.low?.value ?? -Infinity,
        high: value.high?.value ?? Infinity,
        units: [system, code, unit],
      },
    ];
  }
  if (value.value === undefined) return [];
  const { system, code, unit, currency } = value;
  return [
    {
      low: value.value,
      high: value.value,
      units: currency ? ['urn:iso:std:iso:4217', currency, undefined] : [system, code, unit],
    },
  ];
}

const amountComparisons: Record<string, (row: Amount, asked: number) => boolean> = {
  gt: (row, asked) => row.high > asked,
  lt: (row, asked) => row.low < asked,
  ge: (row, asked) => row.high >= asked,
  le: (row, asked) => row.low <= asked,
  sa: (row, asked) => row.low > asked,
  eb: (row, asked) => row.high < asked,
};

function quantityAsks(value: Value): Ask[] {
  return amountsOf(value).flatMap(({ low, units: [system, code, unit] }) => {
    if (!Number.isFinite(low)) return [];
    const digits = String(low);
    const decimals = digits.split('.')[1]?.length ?? 0;
    const half = 0.5 / 10 ** decimals;
    // Rounding noise of binary fractions is not what is tested here.
    const equal = (row: Amount) => row.low - low >= -half * (1 + 1e-9) && row.high - low < half * (1 - 1e-9);
    const some = (test: (row: Amount) => boolean) => (values: Value[]) =>
      values.flatMap(amountsOf).some(test);
    const inSystem = (row: Amount) => row.units[0] === system && row.units[1] === code;
    return [
      ask(digits, some(equal)),
      ask(
        `ne${digits}`,
        some((row) => !equal(row)),
      ),
      ...Object.entries(amountComparisons).map(([prefix, compare]) =>
        ask(
          `${prefix}${digits}`,
          some((row) => compare(row, low)),
        ),
      ),
      ...(system && code
        ? [
            ask(
              `${digits}|${escape(system)}|${escape(code)}`,
              some((row) => equal(row) && inSystem(row)),
            ),
            ask(
              `le${digits}|${escape(system)}|${escape(code)}`,
              some((row) => row.low <= low && inSystem(row)),
            ),
          ]
        : []),
      ...[code, unit].flatMap((name) =>
        name
          ? [
              ask(
                `${digits}||${escape(name)}`,
                some((row) => equal(row) && row.units.slice(1).includes(name)),
              ),
            ]
          : [],
      ),
      ask(`${digits}||furlong`, () => false),
    ];
  });
}

function uriAsks(value: Value): Ask[] {
  const uri = String(value);
  const parent = uri.replace(/[/|][^/|]*$/, '');
  return [
    ask(escape(uri), (values) => values.some((own) => own === uri || own.startsWith(`${uri}|`))),
    ask(escape(parent), (values) => values.some((own) => own.startsWith(parent)), ':below'),
    ask(escape(`${uri}/more`), (values) => values.some((own) => `${uri}/more`.startsWith(own)), ':above'),
  ];
}

/** `Type/id` of a reference to one of our own resources. */
export function localTarget(value: Value, baseUrl: string): string | undefined {
  const text: string | undefined = typeof value === 'string' ? value : value?.reference;
  const local = text?.startsWith(`${baseUrl}/`) ? text.slice(baseUrl.length + 1) : text;
  return /^([A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64})(?:\/_history\/.+)?$/.exec(local ?? '')?.[1];
}

function referenceAsks(value: Value, baseUrl: string): Ask[] {
  const found: Ask[] = [];
  const target = localTarget(value, baseUrl);
  if (target) {
    const [type, id = ''] = target.split('/');
    const toTarget = (values: Value[]) => values.some((own) => localTarget(own, baseUrl) === target);
    const toId = (values: Value[]) => values.some((own) => localTarget(own, baseUrl)?.split('/')[1] === id);
    found.push(
      ask(id, toId),
      ask(target, toTarget),
      ask(`${baseUrl}/${target}`, toTarget),
      ask(id, toTarget, `:${type}`),
    );
    found.push(
      ask(`https://elsewhere.example/fhir/${target}`, (values) =>
        values.some((own) => own.reference === `https://elsewhere.example/fhir/${target}`),
      ),
    );
  } else if (typeof value === 'string') {
    const canonical = (own: Value) => String(own).split('|')[0];
    found.push(ask(escape(value), (values) => values.includes(value)));
    found.push(ask(canonical(value)!, (values) => values.some((own) => canonical(own) === canonical(value))));
  } else if (/^[a-z]+:/.test(value.reference ?? ''))
    found.push(
      ask(escape(value.reference), (values) => values.some((own) => own.reference === value.reference)),
    );
  const { system, value: identifier } = value.identifier ?? {};
  if (identifier) {
    const identified = (test: (own: Value) => boolean) => (values: Value[]) =>
      values.some((own) => own.identifier && test(own.identifier));
    found.push(
      ask(
        escape(identifier),
        identified((own) => same(own.value, identifier)),
        ':identifier',
      ),
    );
    if (system) {
      found.push(
        ask(
          `${escape(system)}|${escape(identifier)}`,
          identified((own) => own.system === system && same(own.value, identifier)),
          ':identifier',
        ),
      );
      found.push(
        ask(
          `${escape(system)}|`,
          identified((own) => own.system === system),
          ':identifier',
        ),
      );
    }
  }
  return found;
}
