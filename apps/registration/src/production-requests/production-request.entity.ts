import { Column, Entity, PrimaryColumn } from 'typeorm';

export const productionRequestStatuses = ['pending', 'approved', 'rejected', 'withdrawn'] as const;
export type ProductionRequestStatus = (typeof productionRequestStatuses)[number];

/** A developer's request to open production for an app, and the platform team's decision. */
@Entity('production_request')
export class ProductionRequest {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  client_id: string;

  @Column('text')
  status: ProductionRequestStatus;

  @Column('text', { nullable: true })
  use_case: string | null;

  @Column('text', { nullable: true })
  contact: string | null;

  /** The platform team's note about its decision. */
  @Column('text', { nullable: true })
  note: string | null;

  /** Email of the account that decided. */
  @Column('text', { nullable: true })
  decided_by: string | null;

  @Column('timestamptz')
  created_at: Date;

  @Column('timestamptz', { nullable: true })
  decided_at: Date | null;
}
