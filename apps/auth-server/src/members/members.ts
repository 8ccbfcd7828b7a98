import { Injectable } from '@nestjs/common';
import { passwordMatches, rowsOf } from '@payer/service';
import { environmentRules, type Environment } from '@payer/smart';
import { DataSource } from 'typeorm';

export interface Member {
  /** Stable, says nothing about the person. */
  sub: string;
  patient: string;
  name: string;
}

/** The ids of a member; none of them says who the person is outside the health plan. */
export interface MemberIds {
  sub: string;
  patient: string;
  /** The name that the member signs in with: the member number. */
  member_number: string;
}

/** Whether members sign in by a click: only where every person is invented. */
export const offersTestMembers = (environment: Environment): boolean =>
  environmentRules[environment].data === 'synthetic';

/** Members that one answer lists: more than one share a patient. */
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

  /** The first members of an environment by their number, for a page that offers test members. */
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

  /** Whose name it is, for the audit trail; undefined when nobody's. */
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

  /** The member with these credentials, or undefined; takes as long whether the name is unknown or the password wrong. */
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
