import type { Coverage, Patient } from 'fhir/r4.js';
import { conditions } from './clinical-codes.js';
import { addDays } from './dates.js';
import type { Directory } from './directory.js';
import type { Random } from './random.js';
import { concept } from './systems.js';
import type { billing } from './visit-claims.js';

/** Medicines of the member, and how often each is filled: a thousand claims from 2020 on. */
const medicines = 13;
const fills = 77;
const firstFill = '2020-01-15';

/** Bills the monthly fills of many medicines. */
export function billMonthlyFills(
  { random, directory }: { random: Random; patient: Patient; coverage: Coverage; directory: Directory },
  { bill }: ReturnType<typeof billing>,
): void {
  const practitioner = directory.practitioners[0]!;
  for (let fill = 0; fill < fills; fill++)
    for (let n = 0; n < medicines; n++) {
      const { icd10, medication } = conditions[n % conditions.length]!;
      bill({
        category: 'pharmacy',
        key: `fill ${n} ${fill}`,
        practitioner,
        facility: directory.clinics[0]!,
        provider: directory.pharmacy,
        date: addDays(firstFill, fill * 30 + n),
        diagnosis: concept('icd10', icd10),
        lines: [
          {
            product: concept('ndc', medication.ndc),
            cents: random.int(1600, 9000),
            quantity: 30,
            copay: 1000,
          },
        ],
      });
    }
}
