/* Values in searches (FHIR R4 §3.1.1.4.19), and values in JSON. */

/** Splits a value at separators that are not escaped; the parts keep their escapes, for the next level. */
export function splitUnescaped(text: string, separator: string): string[] {
  // The usual case, and many times as fast.
  if (!text.includes('\\')) return text.split(separator);
  const parts = [''];
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    if (c === '\\' && i + 1 < text.length) {
      parts[parts.length - 1] += c + (text[i + 1] as string);
      i += 1;
    } else if (c === separator) parts.push('');
    else parts[parts.length - 1] += c;
  }
  return parts;
}

export const unescape = (text: string) => text.replace(/\\([\\,|$])/g, '$1');

export type Json = Record<string, unknown>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A primitive as text; undefined for anything else. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : undefined;
