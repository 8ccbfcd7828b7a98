import { readFileSync } from 'node:fs';

/**
 * Reads a CSV file (RFC 4180) whose first line names its columns.
 * @returns the names in lower case, and the records
 * @throws Error that names the file and the line
 */
export function readCsv(file: string): { columns: string[]; records: CsvRecord[] } {
  const [header, ...records] = parseCsv(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''), file);
  return { columns: (header?.values ?? []).map((name) => name.trim().toLowerCase()), records };
}

interface CsvRecord {
  /** Number of its first line. */
  line: number;
  values: string[];
}

/** The records of a CSV text; empty lines are left out. @throws Error when a quotation mark is not closed */
function parseCsv(text: string, file: string): CsvRecord[] {
  const records: CsvRecord[] = [];
  let record: CsvRecord = { line: 1, values: [] };
  let line = 1;
  // A quoted value, or a plain one, and the separator behind it.
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  while (field.lastIndex < text.length) {
    const match = field.exec(text);
    if (!match)
      throw new Error(`${file}:${line}: a quotation mark is not closed, or stands in a plain value`);
    const [whole, quoted, plain = '', separator] = match;
    record.values.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    line += whole.split('\n').length - 1;
    if (separator !== ',') {
      if (record.values.some((value) => value.trim() !== '')) records.push(record);
      record = { line, values: [] };
    }
  }
  if (record.values.length > 0) records.push(record);
  return records;
}
