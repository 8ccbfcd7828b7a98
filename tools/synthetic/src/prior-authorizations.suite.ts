import { describe, expect, it } from 'vitest';
import type { Coverage, ExplanationOfBenefit } from 'fhir/r4.js';
import { authorizationsOf, broken, cents, claimsOf, type MemberRecord } from './testing/member-records.js';

type Total = NonNullable<ExplanationOfBenefit['total']>[number];

const totalOf = (authorization: ExplanationOfBenefit, code: string): Total | undefined =>
  authorization.total?.find(({ category }) => category.coding?.[0]?.code === code);
const adjudicationOf = (authorization: ExplanationOfBenefit, code: string) =>
  authorization.item?.[0]?.adjudication?.find(({ category }) =>
    category.coding?.some((coding) => coding.code === code),
  );
const utilized = (authorization: ExplanationOfBenefit) =>
  totalOf(authorization, 'utilized')?.extension?.[0]?.valueRatio;
/** Code of the plan's action (X12 data element 306). */
const actionOf = (authorization: ExplanationOfBenefit) =>
  /005010\/306","code":"(\w+)"/.exec(JSON.stringify(authorization))?.[1];
const claimOf = (record: MemberRecord, authorization: ExplanationOfBenefit) => {
  const named = authorization.related?.find(
    ({ relationship }) => relationship?.coding?.[0]?.code === 'associated',
  )?.reference?.value;
  return claimsOf(record).find(({ identifier }) => named !== undefined && identifier?.[0]?.value === named);
};

/** What holds for the prior authorizations of the members. */
export function priorAuthorizationCases(): void {
  describe('prior authorizations', () => {
    it('are of every kind for every member: approved, in part, denied, pended, cancelled', () => {
      expect(
        broken((record) => {
          // A member without a claim has had no care that needs an authorization.
          if (claimsOf(record).length === 0) return [];
          const actions = new Set(authorizationsOf(record).map(actionOf));
          return ['A1', 'A2', 'A3', 'A4', 'C'].filter((code) => !actions.has(code));
        }),
      ).toEqual([]);
    });

    it('are for no drugs, and no plan has paid them', () => {
      expect(
        broken((record) =>
          authorizationsOf(record).map(
            ({ id, type, payment }) =>
              (payment !== undefined ||
                !['institutional', 'professional'].includes(type.coding?.[0]?.code ?? '')) &&
              id,
          ),
        ),
      ).toEqual([]);
    });

    it('and the claims that use them name each other, and the claim lies in the approved days', () => {
      expect(
        broken((record) => {
          const authorizations = authorizationsOf(record);
          const using = claimsOf(record).filter(
            ({ status, insurance }) => status === 'active' && insurance?.[0]?.preAuthRef,
          );
          const named = authorizations.flatMap((one) => claimOf(record, one) ?? []);
          return [
            ...using.map((claim) => !named.includes(claim) && `claim ${claim.id}`),
            ...authorizations.map((one) => {
              const claim = claimOf(record, one);
              if (!claim) return (utilized(one)?.numerator?.value ?? 0) > 0 && `used by no claim: ${one.id}`;
              const [period] = one.preAuthRefPeriod ?? [];
              const [start, end] = [claim.billablePeriod?.start ?? '', claim.billablePeriod?.end ?? ''];
              const isInside = (period?.start ?? '9') <= start && end <= (period?.end ?? '');
              return (
                !(isInside && claim.insurance?.[0]?.preAuthRef?.[0] === one.preAuthRef?.[0]) &&
                `${one.id} ${claim.id}`
              );
            }),
          ];
        }),
      ).toEqual([]);
    });

    it('add up: units used are at most the approved units, and these at most the units asked for', () => {
      expect(
        broken((record) =>
          authorizationsOf(record).map((one) => {
            const [line] = one.item ?? [];
            const price = cents(line?.unitPrice?.value);
            const asked = line?.quantity?.value ?? 0;
            const allowed = adjudicationOf(one, 'allowedunits')?.value;
            const used = adjudicationOf(one, 'consumedunits')?.value ?? 0;
            const ratio = utilized(one);
            const isRight =
              used <= (allowed ?? asked) &&
              (allowed ?? 0) <= asked &&
              cents(totalOf(one, 'submitted')?.amount.value) === asked * price &&
              cents(totalOf(one, 'eligible')?.amount.value) === (allowed ?? 0) * price &&
              cents(totalOf(one, 'utilized')?.amount.value) === used * price &&
              (ratio?.numerator?.value ?? 0) === used &&
              (ratio?.denominator?.value ?? 0) === (allowed ?? 0);
            return !isRight && one.id;
          }),
        ),
      ).toEqual([]);
    });

    it('give a reason for each denial, a number and days for each approval, and neither before a decision', () => {
      expect(
        broken((record) =>
          authorizationsOf(record).map((one) => {
            const action = actionOf(one);
            const isApproved = action === 'A1' || action === 'A2';
            const hasReason =
              adjudicationOf(one, 'denialreason') !== undefined && one.processNote?.[0]?.text !== undefined;
            const isRight =
              (one.preAuthRef !== undefined) === isApproved &&
              (one.preAuthRefPeriod !== undefined) === isApproved &&
              hasReason === (action === 'A2' || action === 'A3') &&
              (one.outcome === 'queued') === (action === 'A4') &&
              (one.status === 'cancelled') === (action === 'C');
            return !isRight && one.id;
          }),
        ),
      ).toEqual([]);
    });

    it('are received after birth, decided after that, and lie in the coverage', () => {
      expect(
        broken((record) => {
          const { start = '', end = '' } = record.of<Coverage>('Coverage')[0]?.period ?? {};
          return authorizationsOf(record).map(({ id, created, meta, preAuthRefPeriod }) => {
            const [received, changed] = [created.slice(0, 10), meta?.lastUpdated?.slice(0, 10) ?? ''];
            const [period] = preAuthRefPeriod ?? [{ start: received, end: received }];
            const days = [
              record.patient.birthDate ?? '',
              start,
              received,
              period?.start ?? '',
              period?.end ?? '',
              end,
            ];
            const isRight =
              received <= changed && days.every((day, n) => n === 0 || (days[n - 1] as string) <= day);
            return !isRight && `${id} ${days.join(' ')}`;
          });
        }),
      ).toEqual([]);
    });
  });
}
