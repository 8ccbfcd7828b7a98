import { kindsWithinType } from './data-kinds.js';

/** Data that is served for a time after its last change, also when its source gives it no more. */
export interface RetentionRow {
  type: string;
  /** The resources of the type that are meant. */
  where: { element: string; value: string };
  /** The element with the Periods in which the resource is in force. */
  inForce: string;
  /** Years after the last change. */
  years: number;
  /** The clause that asks for it. */
  rule: string;
}

const { type, element, value } = kindsWithinType.priorAuthorizations;

/**
 * The resources that the files of a snapshot may lack without a deletion. A DELETE that names the resource
 * still deletes.
 */
export const retentionTable: readonly RetentionRow[] = [
  {
    type,
    where: { element, value },
    inForce: 'preAuthRefPeriod',
    years: 1,
    rule: '42 CFR 422.119(b)(1)(iv)',
  },
];
