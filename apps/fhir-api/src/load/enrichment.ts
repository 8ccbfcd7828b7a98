import type { BareCode, LoadReport } from '@payer/fhir-store/load';
import type { Arguments } from './arguments.js';

/** Code systems, and codes of each, that a summary names; the report has all. */
const shownSystems = 10;
const shownCodes = 5;

/** Shows the codes that have no display, by code system. */
export function showBareCodes(bare: readonly BareCode[]): void {
  if (bare.length === 0) return;
  const systems = new Map<string, BareCode[]>();
  for (const one of bare) systems.set(one.system, [...(systems.get(one.system) ?? []), one]);
  console.log('Codes without a name, by code system:');
  for (const [system, codes] of [...systems].slice(0, shownSystems)) {
    const sum = codes.reduce((total, { count }) => total + count, 0);
    const first = codes.slice(0, shownCodes).map(({ code, count }) => `${code} (${count})`);
    const more = codes.length > shownCodes ? `, and ${codes.length - shownCodes} more codes` : '';
    console.log(`  ${sum} × ${system}: ${first.join(', ')}${more}`);
  }
  if (systems.size > shownSystems)
    console.log(`  and ${systems.size - shownSystems} more code systems; --report FILE has all`);
}

/** Says how the load completed resources. */
export function showEnrichment(report: LoadReport, { completeTo }: Pick<Arguments, 'completeTo'>): void {
  const { labelled, named, unnamed, rejected } = report;
  if (labelled > 0) console.log(`${labelled} labelled as sensitive by their codes`);
  if (named > 0) console.log(`${named} claims have the names of providers now that came after them`);
  if (unnamed > 0)
    console.log(
      `${unnamed} claims have a provider whose name is not known: it is neither loaded nor in npi.csv`,
    );
  if (completeTo && rejected > 0)
    console.log(
      'The data does not count as complete, because some resources were refused: correct and load them.',
    );
}
