import { describe, expect, it } from 'vitest';
import type {
  Condition,
  Coverage,
  Encounter,
  ExplanationOfBenefit,
  FhirResource,
  MedicationDispense,
  MedicationRequest,
  Observation,
} from 'fhir/r4.js';
import { yearlyDeductible, yearlyMaximum } from './benefits.js';
import {
  amountCodes,
  broken,
  byKey,
  cents,
  claimsOf,
  forEachText,
  illnesses,
  isOfDirectory,
  isOfTherapy,
  records,
  resources,
  sumOf,
  totalOf,
} from './testing/member-records.js';

/** What must be plausible in the data of the members. */
export function plausibilityCases(): void {
  describe('the money of claims', () => {
    it('adds up: each total is the sum of its lines, or of the claim where that is decided as a whole', () => {
      expect(
        broken((record) =>
          claimsOf(record).flatMap((claim) => {
            const lines = (claim.item ?? []).flatMap(({ adjudication }) => adjudication ?? []);
            const decided = lines.some(({ amount }) => amount) ? lines : claim.adjudication;
            return amountCodes.map(
              (code) => totalOf(claim, code) !== sumOf(decided, code) && `${claim.id} ${code}`,
            );
          }),
        ),
      ).toEqual([]);
    });

    it('divides: submitted into discount, eligible and not covered; eligible into the plan’s part and the member’s', () => {
      expect(
        broken((record) =>
          claimsOf(record).map((claim) => {
            const [
              submitted,
              eligible,
              discount,
              deductible,
              copay,
              coinsurance,
              member,
              benefit,
              paid,
              noncovered,
              byPatient,
            ] = amountCodes.map((code) => totalOf(claim, code)) as [
              number,
              number,
              number,
              number,
              number,
              number,
              number,
              number,
              number,
              number,
              number,
            ];
            const holds =
              submitted > 0 &&
              submitted === discount + eligible + noncovered &&
              eligible === benefit + member + totalOf(claim, 'priorpayerpaid') &&
              member === deductible + copay + coinsurance &&
              paid === benefit &&
              byPatient <= member &&
              cents(claim.payment?.amount?.value) === paid &&
              noncovered > 0 === (claim.payment?.type?.coding?.[0]?.code === 'denied');
            return !holds && claim.id;
          }),
        ),
      ).toEqual([]);
    });

    it('keeps the yearly limits, and says of the deductible what the claims of the year come to', () => {
      expect(
        broken((record) => {
          const spent = new Map<string, { deductible: number; outOfPocket: number }>();
          const claims = claimsOf(record).filter(({ status }) => status === 'active');
          return claims.map((claim) => {
            const name = claim.billablePeriod?.start?.slice(0, 4) ?? '';
            const year = spent.get(name) ?? { deductible: 0, outOfPocket: 0 };
            spent.set(name, year);
            year.deductible += totalOf(claim, 'deductible');
            year.outOfPocket += totalOf(claim, 'memberliability');
            const said = claim.benefitBalance?.[0]?.financial?.[0];
            const holds =
              year.deductible <= yearlyDeductible &&
              year.outOfPocket <= yearlyMaximum &&
              (!said ||
                (cents(said.usedMoney?.value) === year.deductible &&
                  cents(said.allowedMoney?.value) === yearlyDeductible));
            return !holds && claim.id;
          });
        }),
      ).toEqual([]);
    });

    it('has a cancelled claim wherever another took its place, and only there', () => {
      expect(
        broken((record) => {
          const number = (claim: ExplanationOfBenefit) => claim.identifier?.[0]?.value;
          const replaced = claimsOf(record).flatMap((claim) => claim.related?.[0]?.reference?.value ?? []);
          return claimsOf(record).map(
            (claim) => (claim.status === 'cancelled') !== replaced.includes(number(claim) ?? '') && claim.id,
          );
        }),
      ).toEqual([]);
    });
  });

  describe('dates', () => {
    const day = (text: string | undefined) => text?.slice(0, 10) ?? '';
    /** Whether the days follow one another; one that is missing is passed over. */
    const ascend = (...days: (string | undefined)[]) => {
      const given = days.map(day).filter(Boolean);
      return given.every((one, i) => i === 0 || (given[i - 1] as string) <= one);
    };

    it('go from birth over onset, visit, prescription and dispense', () => {
      expect(
        broken((record) => {
          const born = record.patient.birthDate;
          const encounterOf = (reference: string | undefined) => byKey.get(reference ?? '') as Encounter;
          return [
            ...record.of<Condition>('Condition').map((condition) => {
              const { period } = encounterOf(condition.encounter?.reference);
              return (
                !(
                  ascend(born, condition.onsetDateTime, period?.start, condition.meta?.lastUpdated) &&
                  ascend(condition.onsetDateTime, condition.abatementDateTime)
                ) && condition.id
              );
            }),
            ...record.of<MedicationDispense>('MedicationDispense').map((dispense) => {
              const request = byKey.get(
                dispense.authorizingPrescription?.[0]?.reference ?? '',
              ) as MedicationRequest;
              const { period } = encounterOf(request.encounter?.reference);
              return (
                !ascend(
                  born,
                  period?.start,
                  request.authoredOn,
                  dispense.whenHandedOver,
                  dispense.meta?.lastUpdated,
                ) && dispense.id
              );
            }),
          ];
        }),
      ).toEqual([]);
    });

    it('of visits and claims lie inside the coverage, and a claim is received, created and paid after its service', () => {
      expect(
        broken((record) => {
          const [coverage] = record.of<Coverage>('Coverage');
          const [from, to] = [coverage?.period?.start, coverage?.period?.end];
          const admissions = record.of<Encounter>('Encounter').map(({ period }) => day(period?.start));
          return [
            ...record
              .of<Encounter>('Encounter')
              .map(({ id, period, meta }) =>
                !ascend(from, period?.start, period?.end, to) || !ascend(period?.end, meta?.lastUpdated)
                  ? id
                  : '',
              ),
            ...claimsOf(record).map((claim) => {
              const { billablePeriod, created, payment, meta } = claim;
              const received = claim.supportingInfo?.find(({ timingDate }) => timingDate)?.timingDate;
              const isOfVisit =
                !/Institutional|Professional/.test(claim.meta?.profile?.[0] ?? '') ||
                // Therapists bill the plan, and send it no record of the visit.
                isOfTherapy(claim) ||
                admissions.includes(day(billablePeriod?.start));
              return (
                !(
                  isOfVisit &&
                  ascend(from, billablePeriod?.start, billablePeriod?.end, to) &&
                  ascend(billablePeriod?.end, received, created, payment?.date, meta?.lastUpdated)
                ) && claim.id
              );
            }),
          ];
        }),
      ).toEqual([]);
    });

    it('are none before birth, and nothing is done after death', () => {
      const planned = new Set(['dueDate', 'expirationDate']);
      /** Types whose resources the payer makes after the event. */
      const recordedLater = new Set(['ExplanationOfBenefit', 'Provenance']);
      const datesIn = ({ meta: _meta, ...resource }: FhirResource): string[] => {
        const found: string[] = [];
        forEachText(resource, (text, key) => {
          if (!planned.has(key) && /^\d{4}-\d\d-\d\d(T|$)/.test(text)) found.push(day(text));
        });
        return found;
      };
      expect(
        broken((record) => {
          const { birthDate = '', deceasedDateTime } = record.patient;
          return record.all.flatMap((resource) =>
            datesIn(resource).map(
              (date) =>
                (date < birthDate ||
                  (deceasedDateTime &&
                    date > day(deceasedDateTime) &&
                    !recordedLater.has(resource.resourceType))) &&
                `${resource.resourceType}/${resource.id} ${date}`,
            ),
          );
        }),
      ).toEqual([]);
      expect(records.filter(({ patient }) => patient.deceasedDateTime).length).toBeGreaterThan(10);
    });
  });

  describe('the record of a member', () => {
    it('refers only to itself and to the directory, and to nothing that is not there', () => {
      const referencesIn = (resource: FhirResource): string[] => {
        const found: string[] = [];
        forEachText(resource, (text, key) => key === 'reference' && found.push(text));
        return found;
      };
      expect(
        broken((record) => {
          const own = new Set(record.all.map(({ resourceType, id }) => `${resourceType}/${id}`));
          return record.all.flatMap((resource) => {
            const inside =
              'contained' in resource ? (resource.contained ?? []).map(({ id }) => `#${id}`) : [];
            return referencesIn(resource).map((target) => {
              const found = byKey.get(target);
              return (
                !(own.has(target) || inside.includes(target) || (found && isOfDirectory(found))) &&
                `${resource.resourceType}/${resource.id} to ${target}`
              );
            });
          });
        }),
      ).toEqual([]);
      const directory = resources.filter(isOfDirectory);
      expect(directory.flatMap(referencesIn).filter((target) => !byKey.has(target))).toEqual([]);
    });

    it('fits the age: weight, height and index agree, children have parents, no prosthesis and no smoke, no illness comes early', () => {
      expect(
        broken((record) => {
          const age = (date: string | undefined) =>
            (Date.parse(date ?? '') - Date.parse(record.patient.birthDate ?? '')) / (365.25 * 86_400_000);
          const observations = record.of<Observation>('Observation');
          const values = (code: string) =>
            observations
              .filter((one) => one.code.coding?.[0]?.code === code && one.valueQuantity)
              .map((one) => one.valueQuantity?.value ?? 0);
          const [weights, heights, indices] = [values('29463-7'), values('8302-2'), values('39156-5')];
          const isChild = age('2026-06-30') < 18;
          const relation = (
            byKey.get(
              `RelatedPerson/${record.all.find(({ resourceType }) => resourceType === 'RelatedPerson')?.id}`,
            ) as { relationship?: { text?: string }[] }
          ).relationship?.[0]?.text;
          return [
            ...indices.map(
              (index, i) =>
                Math.abs(index - (weights[i] as number) / ((heights[i] as number) / 100) ** 2) > 0.06 &&
                `${record.patient.id} body mass index`,
            ),
            (relation === 'parent') !== isChild && `${record.patient.id} has a ${relation}`,
            isChild && record.of('Device').length > 0 && `${record.patient.id} has a prosthesis`,
            ...observations.map(
              (one) =>
                ['72166-2', '82810-3', '11287-0'].includes(one.code.coding?.[0]?.code ?? '') &&
                age(one.effectiveDateTime) < 13 &&
                one.id,
            ),
            ...record.of<Condition>('Condition').map(({ id, code, onsetDateTime }) => {
              const illness = illnesses.find(({ display }) => display === code?.text);
              return illness && age(onsetDateTime) < illness.from - 0.01 && id;
            }),
          ];
        }),
      ).toEqual([]);
    });
  });
}
