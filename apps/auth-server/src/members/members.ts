import { Injectable } from '@nestjs/common';
import { passwordMatches, rowsOf } from '@payer/service';
import { environmentRules, type Environment } from '@payer/smart';
import { DataSource } from 'typeorm';

export interface Member {
  /** Stable, and without information about the person. */
  sub: string;
  patient: string;
  name: string;
}

/** The ids of a member. None of them identifies the person outside the health plan. */
export interface MemberIds {
  sub: string;
  patient: string;
  /** The member number, which is also the sign-in name. */
  member_number: string;
}

/** Whether members sign in by a click. True only in environments with synthetic members. */
export const offersTestMembers = (environment: Environment): boolean =>
  environmentRules[environment].data === 'synthetic';

/** Most members in one answer. Several members may share a patient. */
const maxIdentified = 50;

/** The member directory of each environment. */
@Injectable()
export class Members {
  constructor(private readonly source: DataSource) {}

  async find(environment: Environment, sub: string): Promise<Member | undefined> {
    const [member] = await rowsOf<Member>(
      this.source,
      'SELECT sub, patient, name FROM member WHERE environment = $1 AND sub = $2',
      [environment, sub],
    );
    return member;
  }

  /** The first members of an environment by number, for the page that offers test members. */
  first(environment: Environment, count: number): Promise<{ username: string; name: string }[]> {
    return rowsOf(
      this.source,
      `SELECT username, name FROM member WHERE environment = $1 ORDER BY length(username), username LIMIT $2`,
      [environment, count],
    );
  }

  /** The member with this number, for sign-in without a password; see {@link offersTestMembers}. */
  async testMember(environment: Environment, username: string): Promise<string | undefined> {
    return offersTestMembers(environment) ? this.subOf(environment, username) : undefined;
  }

  /** The `sub` of a sign-in name for the audit trail, or undefined for an unknown name. */
  async subOf(environment: Environment, username: string): Promise<string | undefined> {
    const [row] = await rowsOf<{ sub: string }>(
      this.source,
      'SELECT sub FROM member WHERE environment = $1 AND username = $2',
      [environment, username],
    );
    return row?.sub;
  }

  /** The members with this member number, `sub` or patient id. */
  identifiedBy(environment: Environment, identifier: string): Promise<MemberIds[]> {
    return rowsOf<MemberIds>(
      this.source,
      `SELECT sub, patient, username AS member_number FROM member
       WHERE environment = $1 AND (username = $2 OR sub = $2 OR patient = $2)
       ORDER BY username LIMIT ${maxIdentified}`,
      [environment, identifier],
    );
  }

  /** The member with these credentials, or undefined. An unknown name takes as long as a wrong password. */
  async authenticate(
    environment: Environment,
    username: string,
    password: string,
  ): Promise<Member | undefined> {
    const [row] = await rowsOf<Member & { password_hash: string }>(
      this.source,
      'SELECT sub, patient, name, password_hash FROM member WHERE environment = $1 AND username = $2',
      [environment, username],
    );
    if (!(await passwordMatches(row?.password_hash, password)) || !row) return undefined;
    return { sub: row.sub, patient: row.patient, name: row.name };
  }
}
