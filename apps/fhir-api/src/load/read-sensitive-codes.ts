import { sensitiveKindTable, type SensitiveCodes } from '@payer/smart';
import { codeSystems } from './read-code-tables.js';
import { readCsv } from './read-csv.js';

const labels = new Set<string>(Object.values(sensitiveKindTable).flatMap(({ codes }) => codes));

/**
 * Reads a plan's own codes of sensitive data from a CSV file with the columns `system`, `code` and `label`. A
 * system is a URL or a short name such as `ndc`; a code that ends in `*` stands for all that begin with it.
 * @throws Error that names the file and the line, and says what is expected
 */
export function readSensitiveCodes(file: string): SensitiveCodes[] {
  const { columns, records } = readCsv(file);
  const places = ['system', 'code', 'label'].map((name) => columns.indexOf(name));
  if (places.includes(-1))
    throw new Error(`${file}: the first line must name the columns "system", "code" and "label"`);
  return records.map(({ line, values }) => {
    const [system, code, label] = places.map((place) => values[place]?.trim() ?? '') as [
      string,
      string,
      string,
    ];
    if (system === '' || code === '' || code === '*')
      throw new Error(`${file}:${line}: a value is missing; each line has ${columns.join(', ')}`);
    if (!labels.has(label))
      throw new Error(
        `${file}:${line}: "${label}" is no label of a sensitive kind: ${[...labels].join(', ')}`,
      );
    const short = system.toLowerCase();
    return { system: Object.hasOwn(codeSystems, short) ? codeSystems[short]! : system, codes: [code], label };
  });
}
