import { endOfString } from './scan.js';

/** Characters. Indenting a longer text would take many times its memory. */
export const maxPretty = 1_048_576;

/**
 * Indents JSON for people (`_pretty`, FHIR R4 §3.1.0.1.8): one line per value, two spaces per level. Numbers
 * keep their digits. A text longer than {@link maxPretty} stays unchanged.
 * @param text valid JSON without white space between tokens, as resources are stored
 */
export function prettyJson(text: string): string {
  if (text.length > maxPretty) return text;
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  const line = () => `\n${'  '.repeat(depth)}`;
  /** Copies the text up to a position, and appends another text. */
  const take = (to: number, after: string) => {
    parts.push(text.slice(from, to), after);
    from = to;
  };
  for (let at = 0; at < text.length; at += 1) {
    const c = text[at] as string;
    if (c === '"') at = endOfString(text, at) - 1;
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
