/** Values in the text format of PostgreSQL's COPY. */

const special = /[\\\t\n\r\u0000]/g;
const escapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** Text without NUL, which PostgreSQL cannot store. */
export function copyText(value: string): string {
  return value.replace(special, (c) => escapes[c] ?? '');
}

export const copyNullable = (value: string | number | null) => (value === null ? '\\N' : String(value));
