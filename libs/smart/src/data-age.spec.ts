import { describe, expect, it } from 'vitest';
import { dueAt, dataAgeKinds, dataAgeTable } from './data-age.js';
import { directoryTypes, patientCompartmentTypes } from './resource-types.js';
import { sensitiveCodes } from './sensitive-codes.js';
import { sensitiveKindTable } from './sensitive-kinds.js';

describe('the kinds of data whose age is watched', () => {
  it('have each type of members but those that describe the member, and each of the directory', () => {
    const watched = new Set(dataAgeKinds.flatMap((kind): readonly string[] => dataAgeTable[kind].types));
    const missing = [...patientCompartmentTypes, ...directoryTypes].filter((type) => !watched.has(type));
    expect(missing).toEqual(['Patient', 'Coverage', 'RelatedPerson']);
  });

  it('are due after one business day, and the directory after thirty days', () => {
    const friday = new Date('2026-11-20T15:00:00Z');
    const due = Object.fromEntries(
      dataAgeKinds.map((kind) => [kind, dueAt(kind, friday, 'America/New_York').toISOString()]),
    );
    const monday = '2026-11-24T05:00:00.000Z';
    expect(due).toEqual({
      claims: monday,
      priorAuthorizations: monday,
      encounters: monday,
      clinical: monday,
      directory: '2026-12-20T15:00:00.000Z',
    });
  });
});

describe('codes that make a record sensitive', () => {
  it('lead to labels that a member decides about', () => {
    const known = new Set<string>(Object.values(sensitiveKindTable).flatMap(({ codes }) => codes));
    expect(sensitiveCodes.map(({ label }) => label).filter((label) => !known.has(label))).toEqual([]);
  });

  it('cover each sensitive kind by a diagnosis of ICD-10-CM and one of SNOMED CT', () => {
    for (const system of ['http://hl7.org/fhir/sid/icd-10-cm', 'http://snomed.info/sct'])
      for (const [kind, { codes }] of Object.entries(sensitiveKindTable)) {
        const labels = sensitiveCodes.filter((row) => row.system === system).map(({ label }) => label);
        expect([kind, labels.some((label) => (codes as readonly string[]).includes(label))]).toEqual([
          kind,
          true,
        ]);
      }
  });

  it('are written without a doubt: with the check digits of LOINC and SNOMED CT', () => {
    const of = (system: string) =>
      sensitiveCodes.filter((row) => row.system === system).flatMap(({ codes }) => codes);
    expect(of('http://loinc.org').filter((code) => !isLuhn(code.replace('-', '')))).toEqual([]);
    expect(of('http://snomed.info/sct').filter((code) => !isVerhoeff(code))).toEqual([]);
  });
});

/** Luhn's algorithm (ISO/IEC 7812-1). */
function isLuhn(digits: string): boolean {
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const value = Number(digit) * (place % 2 === 1 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

/** Verhoeff's algorithm. */
function isVerhoeff(digits: string): boolean {
  const times = (a: number, b: number) =>
    a < 5 ? (b < 5 ? (a + b) % 5 : ((a + b) % 5) + 5) : b < 5 ? ((a - b) % 5) + 5 : (a - b + 5) % 5;
  const permutation = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
  let check = 0;
  [...digits].reverse().forEach((digit, place) => {
    let value = Number(digit);
    for (let i = 0; i < place % 8; i++) value = permutation[value]!;
    check = times(check, value);
  });
  return check === 0;
}
