import { Column, Entity, PrimaryColumn } from 'typeorm';

export type AccountRole = 'developer' | 'platform';

/** An account of the portal: a developer, or a member of the platform team. */
@Entity('account')
export class Account {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  role: AccountRole;

  @Column('text')
  name: string;

  @Column('text')
  organization: string;

  /** As typed at sign-up. Unique regardless of case. */
  @Column('text')
  email: string;

  @Column('text')
  password_hash: string;

  @Column('timestamptz')
  created_at: Date;
}
