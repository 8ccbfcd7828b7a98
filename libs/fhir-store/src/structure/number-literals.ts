/*
 * How numbers are written. JSON.parse reads 1.0, 1e2 and -0 as whole numbers; FHIR allows only decimals to be
 * written so (FHIR R4 §2.24.0.1, integer: `[0]|[-+]?[1-9][0-9]*`).
 */

/** Begins the text that stands for a number. No string of a resource may have this character. */
const mark = '\0';

const unusual = /^(?:-0$|.*[.eE])/;

let isMarkedTaken = false;

/** Whether the check runs on the JSON of {@link withMarkedNumbers}. */
export function takeMarkedNumbers(taken: boolean): void {
  isMarkedTaken = taken;
}

/** How a marked number is written; undefined for any other value. */
export const literalOf = (value: unknown): string | undefined =>
  isMarkedTaken && typeof value === 'string' && value.startsWith(mark) ? value.slice(1) : undefined;

interface Patterns {
  /** Finds a member whose number is written as no integer may be. */
  suspected: RegExp;
  /** The numbers of all members of the names. */
  numbers: RegExp;
}

/** By the names of the members: a resource type has few combinations of them. */
const patterns = new Map<string, Patterns>();
const maxPatterns = 1000;

function patternsOf(names: Iterable<string>): Patterns {
  const key = [...names].join('|');
  let known = patterns.get(key);
  if (known) return known;
  const member = String.raw`"(?:${key})"\s*:\s*`;
  known = {
    suspected: new RegExp(String.raw`${member}(?:\[[-\d,\s]*)?(?:-0|-?\d+[.eE])`),
    numbers: new RegExp(String.raw`${member}(?:\[[-+.\deE,\s]*\]|[-+.\deE]+)`, 'g'),
  };
  if (patterns.size === maxPatterns) patterns.clear();
  patterns.set(key, known);
  return known;
}

/**
 * The JSON with a marked text in the place of each number that is written as no integer may be. One search
 * for the names decides about most resources.
 * @param names of the members that hold integers
 * @returns undefined when there is no such number
 */
export function withMarkedNumbers(text: string, names: Iterable<string>): string | undefined {
  const { suspected, numbers } = patternsOf(names);
  if (!suspected.test(text)) return undefined;
  return text.replace(numbers, (member) => {
    const values = member.indexOf(':') + 1;
    return member.slice(0, values) + member.slice(values).replace(/[-+.\deE]+/g, markedNumber);
  });
}

const markedNumber = (literal: string): string =>
  unusual.test(literal) ? JSON.stringify(mark + literal) : literal;
