/** Values as PostgreSQL's COPY reads them in text format. */

const special = /[\\\t\n\r]/g;
const escapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** Text without NUL, which PostgreSQL cannot hold. */
export function copyText(value: string): string {
  return value.replace(special, (c) => escapes[c] as string).replaceAll('\u0000', '');
}

export function copyTextArray(values: readonly string[]): string {
  if (values.length === 0) return '{}';
  return copyText(`{${values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`);
}

export const copyNumberArray = (values: readonly number[]) => `{${values.join(',')}}`;

export const copyNullable = (value: string | number | null) => (value === null ? '\\N' : String(value));
