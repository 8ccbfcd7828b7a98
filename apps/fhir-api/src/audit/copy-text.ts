/** Values as PostgreSQL's COPY reads them in text format. */

const special = /[\\\t\n\r\u0000]/g;
const escapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** Text without NUL, which PostgreSQL cannot hold. */
export function copyText(value: string): string {
  return value.replace(special, (c) => escapes[c] ?? '');
}

export const copyNullable = (value: string | number | null) => (value === null ? '\\N' : String(value));
