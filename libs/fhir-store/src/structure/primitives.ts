/*
 * The primitive types of FHIR R4 in JSON (FHIR R4 §2.24.0.1). A check returns the reason why a value does not
 * have its type, as a continuation of "<element> is".
 */

import { literalOf } from './number-literals.js';

type Check = (value: unknown) => string | undefined;

const describe = (value: unknown): string =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'an array'
      : typeof value === 'object'
        ? 'an object'
        : `a ${typeof value}`;

/**
 * Control characters except tab, line feed and carriage return, and halves of surrogate pairs, also of whole
 * ones.
 */

const suspicious = /[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]/;

const control = /[\0-\x08\x0b\x0c\x0e-\x1f]/;
const lone = /\p{Surrogate}/u;

let mayHoldForbidden = true;

/** Whether strings are checked for characters that FHIR forbids. */
export function lookForForbiddenCharacters(wanted: boolean): void {
  mayHoldForbidden = wanted;
}

/** @param form of the whole text @param extra further reason */
function text(name: string, form?: RegExp, extra?: (value: string) => string | undefined): Check {
  return (value) => {
    if (typeof value !== 'string') return `${describe(value)}, not of type ${name}`;
    if (value === '') return 'an empty string';
    if (mayHoldForbidden && suspicious.test(value)) {
      if (lone.test(value)) return 'not Unicode: it has half of a surrogate pair';
      if (control.test(value)) return 'a string with a control character';
    }
    if (form && !form.test(value)) return `not of type ${name}: ${quoted(value)}`;
    return extra?.(value);
  };
}

const quoted = (value: string) => JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);

const year = String.raw`(?!0000)\d{4}`;
const day = String.raw`(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?`;
const fullDay = String.raw`(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])`;
const time = String.raw`(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?`;
const zone = String.raw`(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))`;

const lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** 30 February has the right form, but is not a day. */
function noSuchDay(value: string): string | undefined {
  if (value.length < 10) return undefined;
  const [y, month, date] = [Number(value.slice(0, 4)), Number(value.slice(5, 7)), Number(value.slice(8, 10))];
  const isLeap = y % 4 === 0 && (y % 100 !== 0 || y % 400 === 0);
  const last = month === 2 && isLeap ? 29 : lengths[month - 1]!;
  return date > last ? `a day that does not exist: ${quoted(value)}` : undefined;
}

function number(name: string, fits: (value: number) => boolean): Check {
  return (value) => {
    if (typeof value !== 'number') {
      const literal = literalOf(value);
      if (literal === undefined) return `${describe(value)}, not of type ${name}`;
      return name === 'decimal' ? undefined : `not of type ${name}: ${literal}`;
    }
    return fits(value) ? undefined : `not of type ${name}: ${value}`;
  };
}

const isInteger = (value: number) => Number.isInteger(value) && Math.abs(value) < 2 ** 31;

/** White space may stand anywhere, because lines are broken at various lengths. */
function noGroupsOfFour(value: string): string | undefined {
  const packed = value.replace(/\s+/g, '');
  if (packed !== '' && packed.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(packed)) return undefined;
  return `not of type base64Binary: ${quoted(value)}`;
}

const noSpaces = /^\S*$/;

export const primitives: Readonly<Record<string, Check>> = {
  boolean: (value) => (typeof value === 'boolean' ? undefined : `${describe(value)}, not of type boolean`),
  string: text('string'),
  markdown: text('markdown'),
  code: text('code', /^\S+(?:\s\S+)*$/),
  id: text('id', /^[A-Za-z0-9\-.]{1,64}$/),
  uri: text('uri', noSpaces),
  url: text('url', noSpaces),
  canonical: text('canonical', noSpaces),
  oid: text('oid', /^urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+$/),
  uuid: text('uuid', /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i),
  date: text('date', new RegExp(`^${year}(?:-${day})?$`), noSuchDay),
  dateTime: text('dateTime', new RegExp(`^${year}(?:-(?:${fullDay}T${time}${zone}|${day}))?$`), noSuchDay),
  instant: text('instant', new RegExp(`^${year}-${fullDay}T${time}${zone}$`), noSuchDay),
  time: text('time', new RegExp(`^${time}$`)),
  decimal: number('decimal', Number.isFinite),
  integer: number('integer', isInteger),
  unsignedInt: number('unsignedInt', (value) => isInteger(value) && value >= 0),
  positiveInt: number('positiveInt', (value) => isInteger(value) && value > 0),
  base64Binary: text('base64Binary', undefined, noGroupsOfFour),
  xhtml: text('xhtml', /^\s*<div[\s>]/),
};
