import type { AuditEntry } from '@payer/smart';

const columns = [
  'id',
  'at',
  'service',
  'action',
  'actor_role',
  'actor',
  'environment',
  'client_id',
  'grant_id',
  'sub',
  'request_id',
  'trace_id',
  'detail',
] as const satisfies readonly (keyof AuditEntry)[];

/** Spreadsheets run a cell that begins with one of these characters as a formula. */
const formula = /^[=+\-@\t\r]/;

/** A cell of a CSV file, safe in spreadsheets. */
export function csvCell(value: string): string {
  const safe = formula.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** RFC 4180, except that a line ends with a single character. */
export const csvHead = `${columns.join(',')}\n`;

export function csvLine(entry: AuditEntry): string {
  const values = columns.map((name) => {
    const value = entry[name];
    return value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  });
  return `${values.map(csvCell).join(',')}\n`;
}
