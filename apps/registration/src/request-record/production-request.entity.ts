import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Answers } from './questions.js';
import type { SecurityRiskKey } from './security-risks.js';

/** `pending` means submitted: the platform team has to decide. */
export const productionRequestStatuses = [
  'draft',
  'pending',
  'changes_requested',
  'approved',
  'rejected',
  'withdrawn',
] as const;
export type ProductionRequestStatus = (typeof productionRequestStatuses)[number];

/** Names of the statuses on pages and in mails. */
export const statusTitles: Record<ProductionRequestStatus, string> = {
  draft: 'Draft',
  pending: 'Submitted',
  changes_requested: 'Changes requested',
  approved: 'Approved',
  rejected: 'Rejected',
  withdrawn: 'Withdrawn',
};

/** Statuses in which the developer may edit the answers. */
export const editableStatuses: readonly ProductionRequestStatus[] = ['draft', 'changes_requested'];
/** Statuses of a request that is not decided. An app has at most one such request. */
export const openStatuses: readonly ProductionRequestStatus[] = [...editableStatuses, 'pending'];

/** A developer's request to open production for an app, and the platform team's decision. */
@Entity('production_request')
export class ProductionRequest {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  client_id: string;

  @Column('text')
  status: ProductionRequestStatus;

  /** The answer about the app's purpose, for the previous version of the service. */
  @Column('text', { nullable: true })
  use_case: string | null;

  @Column('text', { nullable: true })
  contact: string | null;

  @Column('jsonb', { default: {} })
  answers: Answers;

  /** The platform team's note about its latest decision. */
  @Column('text', { nullable: true })
  note: string | null;

  /** The security risk of a rejection. */
  @Column('text', { nullable: true })
  reason: SecurityRiskKey | null;

  /** Email of the account that decided. */
  @Column('text', { nullable: true })
  decided_by: string | null;

  @Column('timestamptz')
  created_at: Date;

  /** The latest submission. Null for a draft. */
  @Column('timestamptz', { nullable: true })
  submitted_at: Date | null;

  /** Number of submissions. Above one, the history shows the changes of each. */
  @Column('integer', { default: 0 })
  submissions: number;

  /** When the developer appealed against the rejection. A request has at most one appeal. */
  @Column('timestamptz', { nullable: true })
  appealed_at: Date | null;

  @Column('timestamptz', { nullable: true })
  decided_at: Date | null;
}
