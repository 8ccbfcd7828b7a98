import { describe, expect, it } from 'vitest';
import type { Coding } from 'fhir/r4.js';
import { resources } from './testing/member-records.js';

interface UsedCoding {
  system: string;
  code: string;
  display: string | undefined;
  /** Whether the code is the unit of a quantity. */
  isQuantity: boolean;
}

/** What holds for the codes in the data. */
export function codeCases(): void {
  describe('codes', () => {
    /** All codings, each once. */
    const codings = new Map<string, UsedCoding>();
    const collect = (value: object): void => {
      const { system, code, display } = value as Coding;
      if (typeof system === 'string' && typeof code === 'string') {
        const isQuantity = 'value' in value || 'unit' in value;
        const key = `${system}|${code}|${isQuantity}|${display}`;
        if (!codings.has(key)) codings.set(key, { system, code, display, isQuantity });
      }
      for (const name in value) {
        const item = (value as Record<string, unknown>)[name];
        if (item && typeof item === 'object') collect(item);
      }
    };
    resources.forEach(collect);
    const of = (system: string) => [...codings.values()].filter((coding) => coding.system === system);

    it('are written as their systems write them, check digits included', () => {
      const forms: Record<string, (code: string) => boolean> = {
        'http://loinc.org': (code) =>
          /^L[AP]\d+-\d$/.test(code) || (/^\d+-\d$/.test(code) && isLuhn(code.replace('-', ''))),
        'http://snomed.info/sct': (code) => /^\d{6,18}$/.test(code) && isVerhoeff(code),
        'http://hl7.org/fhir/sid/icd-10-cm': (code) => /^[A-TV-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?$/.test(code),
        'http://www.cms.gov/Medicare/Coding/ICD10': (code) => /^[0-9A-HJ-NP-Z]{7}$/.test(code),
        'http://www.nlm.nih.gov/research/umls/rxnorm': (code) => /^\d{1,8}$/.test(code),
        'http://hl7.org/fhir/sid/ndc': (code) => /^\d{11}$/.test(code),
        'http://hl7.org/fhir/sid/cvx': (code) => /^\d{2,3}$/.test(code),
        'http://www.ama-assn.org/go/cpt': (code) => /^(\d{4}[0-9TF]|\d{2})$/.test(code),
        'http://www.ada.org/cdt': (code) => /^D\d{4}$/.test(code),
        'http://nucc.org/provider-taxonomy': (code) => /^\d{3}[0-9A-Z]{6}X$/.test(code),
        'https://www.nubc.org/CodeSystem/RevenueCodes': (code) => /^0\d{3}$/.test(code),
        'https://www.nubc.org/CodeSystem/TypeOfBill': (code) => /^0\d{3}$/.test(code),
      };
      const wrong = Object.entries(forms).flatMap(([system, isForm]) => {
        const used = of(system);
        if (used.length === 0) return [`no code of ${system}`];
        return used.filter(({ code }) => !isForm(code)).map(({ code }) => `${system}|${code}`);
      });
      expect(wrong).toEqual([]);
    });

    it('mean one thing each: no code has two displays', () => {
      const displays = new Map<string, Set<string>>();
      for (const { system, code, display } of codings.values())
        if (display)
          displays.set(`${system}|${code}`, (displays.get(`${system}|${code}`) ?? new Set()).add(display));
      expect(
        [...displays].filter(([, names]) => names.size > 1).map(([code, names]) => [code, ...names]),
      ).toEqual([]);
    });

    it('have a name, but those of code systems whose texts need a licence', () => {
      const licensed =
        /^(http:\/\/www\.ama-assn\.org\/|https:\/\/www\.nubc\.org\/|https:\/\/x12\.org\/|http:\/\/terminology\.hl7\.org\/CodeSystem\/(NCPDP|ADA))/;
      const bare = [...codings.values()].filter(
        ({ system, display, isQuantity }) => !display && !isQuantity && !licensed.test(system),
      );
      expect(bare).toEqual([]);
      expect(of('http://www.ama-assn.org/go/cpt').filter(({ display }) => display)).toEqual([]);
    });

    it('of providers are identifiers with a right check digit', () => {
      const identifiers = resources.flatMap((resource) =>
        'identifier' in resource && Array.isArray(resource.identifier) ? resource.identifier : [],
      ) as { system?: string; value?: string }[];
      const npis = identifiers.filter(({ system }) => system === 'http://hl7.org/fhir/sid/us-npi');
      expect(npis.length).toBeGreaterThan(40);
      expect(npis.filter(({ value }) => !isLuhn(`80840${value}`))).toEqual([]);
    });
  });
}

/** Whether the last digit is that of Luhn's algorithm (ISO/IEC 7812-1), as of LOINC codes and NPIs. */
function isLuhn(digits: string): boolean {
  let sum = 0;
  [...digits].reverse().forEach((digit, place) => {
    const value = Number(digit) * (place % 2 === 1 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  });
  return sum % 10 === 0;
}

/** Whether the last digit is that of Verhoeff's algorithm, as of SNOMED CT identifiers. */
function isVerhoeff(digits: string): boolean {
  const times = (a: number, b: number) =>
    a < 5 ? (b < 5 ? (a + b) % 5 : ((a + b) % 5) + 5) : b < 5 ? ((a - b) % 5) + 5 : (a - b + 5) % 5;
  const permutation = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
  let check = 0;
  [...digits].reverse().forEach((digit, place) => {
    let value = Number(digit);
    for (let i = 0; i < place % 8; i++) value = permutation[value] as number;
    check = times(check, value);
  });
  return check === 0;
}
