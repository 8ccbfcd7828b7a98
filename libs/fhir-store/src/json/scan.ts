/**
 * The one scanner of JSON text: it finds positions without parsing. A resource is stored and served as the
 * text that was loaded, because `JSON.stringify` would change its decimals (`1.50` is not `1.5`, FHIR R4
 * §2.24.0.1).
 */

/** A member of an object, as positions in the text. */
export interface Member {
  key: string;
  /** Position of the name's opening quote. */
  at: number;
  /** Position of the value. */
  start: number;
  /** Position after the value. */
  end: number;
}

const quote = 0x22;
const backslash = 0x5c;

/** @throws SyntaxError */
function unexpected(text: string, at: number): never {
  throw new SyntaxError(
    at >= text.length
      ? 'Unexpected end of JSON input'
      : `Unexpected ${JSON.stringify(text[at])} at position ${at}`,
  );
}

/** @returns the position of the first character from `at` on that is not white space */
function skipSpace(text: string, at: number): number {
  for (;;) {
    const c = text.charCodeAt(at);
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return at;
    at += 1;
  }
}

/**
 * @param at position of the opening quote
 * @returns the position after the closing quote
 * @throws SyntaxError when the text ends in the string
 */
export function endOfString(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes += 1;
    if (escapes % 2 === 0) return end + 1;
  }
  return unexpected(text, text.length);
}

/** Counts about the skipped text. */
export interface Seen {
  /** Whether there is white space between tokens. */
  space: boolean;
  /** Number of members of objects, at any depth. */
  members: number;
}

export const nothingSeen = (): Seen => ({ space: false, members: 0 });

/** @param at position of a value @returns the position after the value */
function endOfValue(text: string, at: number, seen: Seen): number {
  const first = text.charCodeAt(at);
  if (first === quote) return endOfString(text, at);
  if (first !== 0x7b && first !== 0x5b) {
    let end = at;
    while (end < text.length && !',]} \n\r\t'.includes(text[end] as string)) end += 1;
    return end === at ? unexpected(text, at) : end;
  }
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === quote) i = endOfString(text, i) - 1;
    else if (c === 0x7b || c === 0x5b) depth += 1;
    else if (c === 0x7d || c === 0x5d) {
      depth -= 1;
      if (depth === 0) return i + 1;
    } else if (c === 0x3a) seen.members += 1;
    else if (c <= 0x20) seen.space = true;
  }
  return unexpected(text, text.length);
}

/**
 * The members of the object that begins at `at`. Values are skipped, not checked.
 * @throws SyntaxError when no object begins there, or the text ends in it
 */
export function membersOf(text: string, at = 0, seen = nothingSeen()): Member[] {
  const found: Member[] = [];
  let i = skipSpace(text, at);
  if (text[i] !== '{') unexpected(text, i);
  const first = i + 1;
  i = skipSpace(text, first);
  if (i > first || first > at + 1) seen.space = true;
  while (text[i] !== '}') {
    if (text[i] !== '"') unexpected(text, i);
    const keyEnd = endOfString(text, i);
    const name = text.slice(i + 1, keyEnd - 1);
    const key = name.includes('\\') ? (JSON.parse(`"${name}"`) as string) : name;
    const colon = skipSpace(text, keyEnd);
    if (text[colon] !== ':') unexpected(text, colon);
    const start = skipSpace(text, colon + 1);
    const end = endOfValue(text, start, seen);
    found.push({ key, at: i, start, end });
    seen.members += 1;
    const behind = skipSpace(text, end);
    i = text[behind] === ',' ? skipSpace(text, behind + 1) : behind;
    if (colon > keyEnd || start > colon + 1 || behind > end || i > behind + 1) seen.space = true;
    if (i === behind && text[i] !== '}') unexpected(text, i);
  }
  return found;
}

/**
 * The members, by name, of the object that begins at `at`.
 * @throws SyntaxError also when two have the same name (FHIR R4 §2.6.2)
 */
export function membersByName(text: string, at = 0): Map<string, Member> {
  const members = new Map<string, Member>();
  for (const member of membersOf(text, at)) {
    if (members.has(member.key)) throw new SyntaxError(`"${member.key}" is there twice in one object`);
    members.set(member.key, member);
  }
  return members;
}

/** @throws SyntaxError when more than white space follows the first value */
export function nothingBehind(text: string): void {
  const behind = skipSpace(text, endOfValue(text, skipSpace(text, 0), nothingSeen()));
  if (behind < text.length) unexpected(text, behind);
}

/**
 * The positions of the elements of the array that begins at `at`.
 * @throws SyntaxError when no array begins there, or the text ends in it
 */
export function elementsOf(text: string, at: number): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  if (text[at] !== '[') unexpected(text, at);
  let i = skipSpace(text, at + 1);
  while (text[i] !== ']') {
    const end = endOfValue(text, i, nothingSeen());
    found.push({ start: i, end });
    i = skipSpace(text, end);
    if (text[i] === ',') i = skipSpace(text, i + 1);
    else if (text[i] !== ']') unexpected(text, i);
  }
  return found;
}

/** Valid JSON without the white space between its tokens. */
export function compact(text: string): string {
  const quoteOrSpace = /["\t\n\r ]/g;
  const parts: string[] = [];
  let from = 0;
  for (let found = quoteOrSpace.exec(text); found; found = quoteOrSpace.exec(text)) {
    const at = found.index;
    if (text.charCodeAt(at) === quote) {
      quoteOrSpace.lastIndex = endOfString(text, at);
    } else {
      parts.push(text.slice(from, at));
      from = quoteOrSpace.lastIndex = skipSpace(text, at);
    }
  }
  parts.push(text.slice(from));
  return parts.join('');
}
