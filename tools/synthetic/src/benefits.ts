import type { Random } from './random.js';

/** How the money of a line divides, in cents. */
export interface Amounts {
  submitted: number;
  eligible: number;
  discount: number;
  deductible: number;
  copay: number;
  coinsurance: number;
  memberliability: number;
  benefit: number;
  paidtoprovider: number;
  noncovered: number;
  paidbypatient: number;
  paidtopatient: number;
  priorpayerpaid: number;
}

/** What the plan makes the member pay of a line. */
export interface CostSharing {
  /** Cents for the service; a line with a copay counts for no deductible. */
  copay?: number;
  /** The plan pays all of it, as of preventive care. */
  isPreventive?: boolean;
  /** The plan refuses it: nothing is eligible. */
  isRefused?: boolean;
  /** Another plan pays first: the share of the plans' part that it pays, from 0 to 1. */
  paidByOther?: number;
}

/** Cents that a member pays in a calendar year before the plan pays its part, and at most. */
export const yearlyDeductible = 50_000;
export const yearlyMaximum = 300_000;
const coinsuranceRate = 0.2;

interface Year {
  deductible: number;
  outOfPocket: number;
}

/**
 * What a member has paid towards the limits of each calendar year; claims are to come in the order of their
 * dates.
 */
export class Benefits {
  private years = new Map<string, Year>();

  /** Deductible met in a date's year, in cents. */
  deductibleMet(date: string): number {
    return this.year(date).deductible;
  }

  /**
   * Divides a line: submitted = discount + eligible + noncovered; eligible = benefit + what another plan pays
   * first + the member's part; the member's part = deductible + copay + coinsurance, of which the copay is
   * paid on the spot.
   */
  divide(random: Random, date: string, cents: number, sharing: CostSharing): Amounts {
    const year = this.year(date);
    const noncovered = sharing.isRefused ? cents : 0;
    const discount = sharing.isRefused ? 0 : Math.round(cents * (0.2 + random.next() * 0.2));
    const eligible = cents - discount - noncovered;
    const room = sharing.isPreventive ? 0 : Math.min(eligible, yearlyMaximum - year.outOfPocket);
    const copay = Math.min(room, sharing.copay ?? 0);
    const deductible = sharing.copay ? 0 : Math.min(room, yearlyDeductible - year.deductible);
    const coinsurance = sharing.copay
      ? 0
      : Math.min(room - deductible, Math.round((eligible - deductible) * coinsuranceRate));
    const memberliability = deductible + copay + coinsurance;
    const priorpayerpaid = Math.round((eligible - memberliability) * (sharing.paidByOther ?? 0));
    year.deductible += deductible;
    year.outOfPocket += memberliability;
    return {
      submitted: cents,
      eligible,
      discount,
      deductible,
      copay,
      coinsurance,
      memberliability,
      benefit: eligible - memberliability - priorpayerpaid,
      paidtoprovider: eligible - memberliability - priorpayerpaid,
      noncovered,
      paidbypatient: copay,
      paidtopatient: 0,
      priorpayerpaid,
    };
  }

  /** The state to which {@link restore} goes back, when a claim is billed again. */
  save(): Map<string, Year> {
    return new Map([...this.years].map(([year, spent]) => [year, { ...spent }]));
  }

  restore(years: Map<string, Year>): void {
    this.years = years;
  }

  private year(date: string): Year {
    const name = date.slice(0, 4);
    const year = this.years.get(name) ?? { deductible: 0, outOfPocket: 0 };
    this.years.set(name, year);
    return year;
  }
}
