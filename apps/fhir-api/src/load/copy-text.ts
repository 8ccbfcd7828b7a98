/** Values as PostgreSQL's COPY reads them in text format. */

const special = /[\\\t\n\r\u0000]/g;
const escapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** Text without NUL, which PostgreSQL cannot hold. */
export function copyText(value: string): string {
  return value.replace(special, (c) => escapes[c] ?? '');
}

/** @param isPlain no value holds a quotation mark, a backslash or a control character */
export function copyTextArray(values: readonly string[], isPlain: boolean): string {
  if (values.length === 0) return '{}';
  if (isPlain) return `{"${values.join('","')}"}`;
  return copyText(`{${values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`);
}

export const copyNumberArray = (values: readonly (number | string)[]) => `{${values.join(',')}}`;

export const copyNullable = (value: string | number | null) => (value === null ? '\\N' : String(value));
