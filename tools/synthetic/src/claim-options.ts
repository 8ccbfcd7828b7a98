import type { CodeableConcept, Coverage, Organization, Patient, Practitioner } from 'fhir/r4.js';
import type { Benefits, CostSharing } from './benefits.js';
import type { Stay } from './clinical-codes.js';
import type { Random } from './random.js';

export type Category = 'inpatient' | 'outpatient' | 'professional' | 'pharmacy' | 'oral';

/** A billed line: what, and how much in cents. */
export interface Line extends CostSharing {
  product: CodeableConcept;
  cents: number;
  revenue?: CodeableConcept;
  modifier?: CodeableConcept;
  quantity?: number;
}

export interface ClaimOptions {
  random: Random;
  category: Category;
  key: string;
  patient: Patient;
  coverage: Coverage;
  /** The coverage of another plan, which pays first. */
  otherCoverage?: Coverage;
  insurer: Organization;
  provider: Organization | Practitioner;
  practitioner: Practitioner;
  facility: Organization;
  date: string;
  days?: number;
  diagnosis: CodeableConcept;
  lines: Line[];
  benefits: Benefits;
  /** Of inpatient claims. */
  stay?: Stay;
  /** Number of the prior authorization that the claim uses. */
  authorization?: string;
  /** An earlier claim that this one replaces. */
  replaces?: string;
  /** Another claim takes its place: it counts no more. */
  isReplaced?: boolean;
  /** By ambulance. */
  transported?: boolean;
  /** Amounts are decided for the claim, not line by line. */
  adjudicatedAsAWhole?: boolean;
}
