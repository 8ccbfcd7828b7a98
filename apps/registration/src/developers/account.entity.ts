import { Column, Entity, PrimaryColumn } from 'typeorm';

export type AccountRole = 'developer' | 'platform';

/** Somebody who can sign in to the portal: a developer, or a member of the platform team. */
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

  /** As typed at sign-up; unique whatever its case. */
  @Column('text')
  email: string;

  @Column('text')
  password_hash: string;

  @Column('timestamptz')
  created_at: Date;
}
