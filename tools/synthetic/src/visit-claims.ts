import type { Coverage, ExplanationOfBenefit, FhirResource, Patient } from 'fhir/r4.js';
import { Benefits } from './benefits.js';
import type { ClaimOptions } from './claim-options.js';
import { claim } from './claims.js';
import { addDays } from './dates.js';
import type { Directory } from './directory.js';
import { authorizationNumber } from './prior-authorizations.js';
import type { Random } from './random.js';
import { concept, conceptOf } from './systems.js';
import type { Visit } from './visit.js';

interface Billed {
  random: Random;
  patient: Patient;
  coverage: Coverage;
  /** The coverage of another plan, which pays first. */
  otherCoverage?: Coverage;
  directory: Directory;
  isChild: boolean;
}

type BilledOptions = Omit<
  ClaimOptions,
  'random' | 'patient' | 'coverage' | 'otherCoverage' | 'insurer' | 'benefits'
>;

/**
 * Makes a function that bills a member's services, one claim at a time and in the order of their dates,
 * because the yearly limits count on.
 */
export function billing(
  { random, patient, coverage, otherCoverage, directory }: Billed,
  add: <R extends FhirResource>(resource: R) => R,
) {
  const benefits = new Benefits();
  const insurer = directory.payer;
  const bill = (options: BilledOptions): ExplanationOfBenefit =>
    add(claim({ ...options, random, patient, coverage, otherCoverage, insurer, benefits }));
  return { benefits, bill };
}

/** Adds the claims of a member's visits. */
export function billVisits(
  billed: Billed,
  visits: readonly Visit[],
  { benefits, bill }: ReturnType<typeof billing>,
): void {
  const { random, directory, isChild, patient } = billed;
  /** Bills twice, the second time with another first line: the second claim replaces the first. */
  const billAndCorrect = (options: BilledOptions) => {
    const before = benefits.save();
    const wrong = bill({ ...options, key: `${options.key} first`, isReplaced: true });
    benefits.restore(before);
    const lines = options.lines.map((line, n) => (n === 0 ? { ...line, cents: line.cents - 500 } : line));
    bill({ ...options, lines, replaces: wrong.identifier?.[0]?.value });
  };
  const cents = (low: number, high: number) => random.int(low * 100, high * 100);
  const revenue = (code: string) => conceptOf('https://www.nubc.org/CodeSystem/RevenueCodes', code);
  const isolated = concept('cpt', '59');
  const isOdd = /[13579bdf]$/.test(patient.id ?? '');

  visits.forEach(({ story, doctor }, n) => {
    const practitioner = directory.practitioners[doctor] as (typeof directory.practitioners)[number];
    const clinic = directory.clinics[Math.floor(doctor / 2)] ?? directory.hospital;
    const { stay, illness, date } = story;
    const left = addDays(date, stay?.days ?? 0);
    const common = { practitioner, facility: clinic, date, diagnosis: concept('icd10', illness.icd10) };
    const isCorrected = n === 1;
    if (stay)
      billAndCorrect({
        ...common,
        category: 'inpatient',
        key: 'inpatient',
        authorization: authorizationNumber(patient, 'inpatient'),
        // A stay is paid by its DRG: some plans decide about the claim, some about its lines.
        adjudicatedAsAWhole: isOdd,
        days: stay.days,
        stay,
        facility: directory.hospital,
        provider: directory.hospital,
        lines: stay.lines.map((line) => ({
          product: line.cpt ? concept('cpt', line.cpt) : notApplicable,
          revenue: revenue(line.revenue),
          cents: cents(line.low, line.high),
          quantity: line.quantity,
          ...(line.cpt ? { modifier: isolated } : {}),
        })),
      });
    else
      (isCorrected ? billAndCorrect : bill)({
        ...common,
        category: 'outpatient',
        key: `outpatient ${n}`,
        facility: directory.hospital,
        provider: directory.hospital,
        adjudicatedAsAWhole: n === 2,
        lines: [
          {
            product: concept('cpt', '71046'),
            revenue: revenue('0324'),
            cents: cents(120, 320),
            modifier: isolated,
          },
          { product: concept('cpt', '85025'), revenue: revenue('0300'), cents: cents(30, 90) },
        ],
      });
    (isCorrected ? billAndCorrect : bill)({
      ...common,
      category: 'professional',
      key: `professional ${n}`,
      provider: practitioner,
      transported: n === 0,
      lines: [
        stay
          ? { product: concept('cpt', '99223'), cents: cents(260, 420), modifier: concept('cpt', '25') }
          : {
              product: concept('cpt', '99213'),
              cents: cents(110, 190),
              modifier: concept('cpt', '25'),
              copay: 2500,
            },
        { product: concept('cpt', '80053'), cents: cents(30, 80) },
      ],
    });
    (isCorrected ? billAndCorrect : bill)({
      ...common,
      category: 'pharmacy',
      key: `pharmacy ${n}`,
      date: addDays(left, 1),
      provider: directory.pharmacy,
      lines: [
        {
          product: concept('ndc', illness.medication.ndc),
          cents: cents(16, 90),
          quantity: 30,
          copay: 1000,
          isRefused: story.isPrescriptionRefused,
        },
      ],
    });
    if (n === visits.length - 1)
      billAndCorrect({
        ...common,
        category: 'oral',
        key: 'oral',
        date: addDays(left, 2),
        provider: directory.dentist,
        practitioner: directory.dentist,
        facility: directory.dental,
        diagnosis: concept('icd10', 'Z01.20'),
        lines: [
          {
            product: isChild
              ? concept('cdt', 'D1120', 'Prophylaxis - Child')
              : concept('cdt', 'D1110', 'Prophylaxis - Adult'),
            cents: cents(80, 140),
            modifier: concept('cpt', '25'),
            isPreventive: true,
          },
          {
            product: concept('cdt', 'D0120', 'Periodic oral evaluation'),
            cents: cents(40, 90),
            isPreventive: true,
          },
          {
            product: concept('cdt', 'D2391', 'Resin-based composite - one surface, posterior'),
            cents: cents(140, 220),
          },
        ],
      });
  });
}

/** In place of a procedure code, where the revenue code is enough. */
const notApplicable = conceptOf(
  'http://terminology.hl7.org/CodeSystem/data-absent-reason',
  'not-applicable',
  'Not Applicable',
);
