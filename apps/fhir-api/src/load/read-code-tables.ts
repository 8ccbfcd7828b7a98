import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { shareCodeTables, type CodeTables } from '@payer/fhir-store/load';
import { readCsv } from './read-csv.js';

/** Code systems by their short names: `ndc.csv` has names of drugs. */
export const codeSystems: Readonly<Record<string, string>> = {
  npi: 'http://hl7.org/fhir/sid/us-npi',
  ndc: 'http://hl7.org/fhir/sid/ndc',
  cpt: 'http://www.ama-assn.org/go/cpt',
  hcpcs: 'https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets',
  cdt: 'http://www.ada.org/cdt',
  'icd-10-cm': 'http://hl7.org/fhir/sid/icd-10-cm',
  'icd-10-pcs': 'http://www.cms.gov/Medicare/Coding/ICD10',
  revenue: 'https://www.nubc.org/CodeSystem/RevenueCodes',
  'type-of-bill': 'https://www.nubc.org/CodeSystem/TypeOfBill',
  'ms-drg':
    'https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/AcuteInpatientPPS/MS-DRG-Classifications-and-Software',
  'place-of-service': 'https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set',
  'provider-taxonomy': 'http://nucc.org/provider-taxonomy',
  'adjustment-reasons': 'https://x12.org/codes/claim-adjustment-reason-codes',
  loinc: 'http://loinc.org',
  rxnorm: 'http://www.nlm.nih.gov/research/umls/rxnorm',
  snomed: 'http://snomed.info/sct',
  cvx: 'http://hl7.org/fhir/sid/cvx',
};

/**
 * Reads a plan's own tables of names: the CSV files (RFC 4180) of a folder. The first line of a file names
 * its columns: `code` and `display`, and `system` where a file is not named after its code system.
 * @throws Error that names the file and the line, and says what is expected
 */
export function readCodeTables(folder: string): CodeTables {
  if (!statSync(folder).isDirectory())
    throw new Error(`--codes "${folder}": a folder of CSV files is expected`);
  const files = readdirSync(folder).filter((name) => name.toLowerCase().endsWith('.csv'));
  if (files.length === 0) throw new Error(`--codes "${folder}": the folder has no CSV file`);
  const names = new Map<string, Map<string, string>>();
  for (const file of files.sort()) readTable(join(folder, file), names);
  return shareCodeTables(names);
}

function readTable(file: string, names: Map<string, Map<string, string>>): void {
  const { columns, records } = readCsv(file);
  const [code, display, system] = ['code', 'display', 'system'].map((name) => columns.indexOf(name)) as [
    number,
    number,
    number,
  ];
  if (code < 0 || display < 0)
    throw new Error(`${file}: the first line must name the columns "code" and "display"`);
  const named = basename(file)
    .replace(/\.csv$/i, '')
    .toLowerCase();
  const ofFile = Object.hasOwn(codeSystems, named) ? codeSystems[named] : undefined;
  if (system < 0 && ofFile === undefined)
    throw new Error(
      `${file}: name the code systems in a column "system", or name the file after one: ${Object.keys(codeSystems).join(', ')}`,
    );
  for (const { line, values } of records) {
    const [key, name] = [values[code]?.trim() ?? '', values[display]?.trim() ?? ''];
    const url = system < 0 ? ofFile! : (values[system]?.trim() ?? '');
    if (key === '' || name === '' || url === '')
      throw new Error(`${file}:${line}: a value is missing; each line has ${columns.join(', ')}`);
    const own = names.get(url) ?? new Map<string, string>();
    names.set(url, own);
    own.set(key, name);
  }
}
