/*
 * Names of codes in memory that threads share: a list of a million providers is there once, however many
 * threads prepare resources.
 */

/** The names of one code system: the codes, sorted by their bytes, each with its name. */
interface Table {
  /** `code<TAB>name` of each entry, one behind the other, in UTF-8. */
  text: Uint8Array<SharedArrayBuffer>;
  /** Where each entry begins, and where the last one ends. */
  starts: Uint32Array<SharedArrayBuffer>;
}

/** By code system. */
export type CodeTables = Readonly<Record<string, Table>>;

const tab = 0x09;

/**
 * National Drug Codes: 11 digits, because claims have no dashes and the FDA's lists omit zeros. A product
 * without a package has the first nine.
 */
function nationalDrugCode(code: string): string {
  const [labeler, product, pack] = code.split('-');
  if (product === undefined) return code;
  return labeler!.padStart(5, '0') + product.padStart(4, '0') + (pack?.padStart(2, '0') ?? '');
}

/** Systems whose codes are written in more than one form, each with the form that is compared. */
const forms: Readonly<Record<string, (code: string) => string>> = {
  'http://hl7.org/fhir/sid/ndc': nationalDrugCode,
  'https://www.nubc.org/CodeSystem/RevenueCodes': (code) => code.padStart(4, '0'),
};

/** A code in the form that is compared. */
export const formOf = (system: string, code: string): string => forms[system]?.(code) ?? code;

/** Makes a table of each code system's names. The last of two names of a code counts. */
export function shareCodeTables(names: ReadonlyMap<string, ReadonlyMap<string, string>>): CodeTables {
  return Object.fromEntries([...names].map(([system, own]) => [system, tableOf(system, own)]));
}

function tableOf(system: string, names: ReadonlyMap<string, string>): Table {
  const byForm = new Map([...names].map(([code, name]) => [formOf(system, code), name]));
  const entries = [...byForm].map(([code, name]) => ({ code: Buffer.from(code), name: Buffer.from(name) }));
  entries.sort((a, b) => Buffer.compare(a.code, b.code));
  const size = entries.reduce((sum, { code, name }) => sum + code.length + 1 + name.length, 0);
  const text = new Uint8Array(new SharedArrayBuffer(size));
  const starts = new Uint32Array(new SharedArrayBuffer(4 * (entries.length + 1)));
  let at = 0;
  entries.forEach(({ code, name }, i) => {
    starts[i] = at;
    text.set(code, at);
    text[at + code.length] = tab;
    text.set(name, at + code.length + 1);
    at += code.length + 1 + name.length;
  });
  starts[entries.length] = at;
  return { text, starts };
}

/** Names that were looked up, so that a frequent code is not searched again. */
const maxKnown = 50_000;

/** Finds the names of codes. */
export class CodeNames {
  private readonly known = new Map<string, Map<string, string | undefined>>();

  constructor(private readonly tables: CodeTables) {}

  /** The name of a code; undefined when no table has it. */
  nameOf(system: string, code: string): string | undefined {
    const table = this.tables[system];
    if (!table) return undefined;
    let known = this.known.get(system);
    if (!known || known.size > maxKnown) this.known.set(system, (known = new Map()));
    if (known.has(code)) return known.get(code);
    const name = find(table, Buffer.from(formOf(system, code)));
    known.set(code, name);
    return name;
  }
}

function find({ text, starts }: Table, code: Buffer): string | undefined {
  const buffer = Buffer.from(text.buffer);
  let low = 0;
  let high = starts.length - 2;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const start = starts[middle]!;
    const end = buffer.indexOf(tab, start);
    const order = code.compare(buffer, start, end);
    if (order === 0) return buffer.toString('utf8', end + 1, starts[middle + 1]);
    if (order < 0) high = middle - 1;
    else low = middle + 1;
  }
  return undefined;
}
