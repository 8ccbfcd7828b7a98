import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { TeamRole } from '../team-roles/team-roles.js';

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

  /** Roles of a member of the platform team. Empty for developers. */
  @Column('text', { array: true, default: '{}' })
  team_roles: TeamRole[];

  /** When an administrator ended the account. Nobody signs in with an ended account. */
  @Column('timestamptz', { nullable: true })
  ended_at: Date | null;
}
