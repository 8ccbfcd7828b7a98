/**
 * The members of a JSON object as text, by name. So numbers keep their digits: parsed, `1.50` would become
 * `1.5`, which is another decimal in FHIR (FHIR R4 §2.24.0.1).
 * @param text a valid JSON object without white space around its parts, as resources are stored
 */
export function jsonMembers(text: string): Map<string, string> {
  const members = new Map<string, string>();
  let at = 1;
  while (text[at] === '"') {
    const nameEnd = stringEnd(text, at);
    const valueEnd = valueEndOf(text, nameEnd + 1);
    members.set(JSON.parse(text.slice(at, nameEnd)) as string, text.slice(nameEnd + 1, valueEnd));
    at = valueEnd + 1;
  }
  return members;
}

/** The items of a JSON array as text; see {@link jsonMembers}. */
export function jsonItems(text: string): string[] {
  const items: string[] = [];
  for (let at = 1; at < text.length - 1;) {
    const end = valueEndOf(text, at);
    items.push(text.slice(at, end));
    at = end + 1;
  }
  return items;
}

/** Writes an object of members that are text. */
export const jsonObject = (members: Iterable<readonly [string, string]>): string =>
  `{${[...members].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;

/** The place after the string that begins at a place. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** The place after the value that begins at a place. */
function valueEndOf(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length;) {
    const c = text[at];
    if (c === '"') {
      at = stringEnd(text, at);
      continue;
    }
    if (c === '{' || c === '[') depth += 1;
    else if (c === '}' || c === ']') depth -= 1;
    if (depth < 0 || (depth === 0 && c === ',')) return at;
    at += 1;
  }
  return text.length;
}

/** Characters: nobody reads more, and indenting it would take many times as much memory. */
export const maxPretty = 1_048_576;

/**
 * JSON for people to read (`_pretty`, FHIR R4 §3.1.0.1.8): a line for each value, indented by two spaces;
 * numbers keep their digits. A text longer than `maxPretty` stays as it is.
 */
export function prettyJson(text: string): string {
  if (text.length > maxPretty) return text;
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  const line = () => `\n${'  '.repeat(depth)}`;
  /** Copies the text up to a place, and adds another text. */
  const take = (to: number, after: string) => {
    parts.push(text.slice(from, to), after);
    from = to;
  };
  for (let at = 0; at < text.length; at += 1) {
    const c = text[at] as string;
    if (c === '"') at = stringEnd(text, at) - 1;
    else if (c === '{' || c === '[') {
      const next = text[at + 1];
      if (next === '}' || next === ']') at += 1;
      else {
        depth += 1;
        take(at + 1, line());
      }
    } else if (c === '}' || c === ']') {
      depth -= 1;
      take(at, line());
    } else if (c === ',') take(at + 1, line());
    else if (c === ':') take(at + 1, ' ');
  }
  take(text.length, '\n');
  return parts.join('');
}
