import { Injectable } from '@nestjs/common';
import { readRows, rowsOf, type Queryable } from '@payer/service';
import type { Environment } from '@payer/smart';
import { DataSource } from 'typeorm';
import type { SignedInMember } from '../representation/patient-choices.js';
import { MemberPasswords, type StoredPassword, type VerifiedPassword } from './passwords/member-passwords.js';
import { offersTestMembers, type TestMember } from './test-members.js';

/** A member, as every step of the sign-in needs it. */
export type Member = SignedInMember;

/** The ids of a member. None of them identifies the person outside the health plan. */
export interface MemberIds {
  sub: string;
  patient: string;
  /** The member number, which is also the sign-in name. */
  member_number: string;
}

/** The most test members on the sign-in page. */
const maxTestMembers = 30;

/** The most members in one answer. Several members may share a patient. */
const maxIdentified = 50;

/** The member directory of each environment. */
@Injectable()
export class Members {
  private readonly passwords: MemberPasswords;

  constructor(private readonly source: DataSource) {
    this.passwords = new MemberPasswords(source);
  }

  async find(environment: Environment, sub: string): Promise<Member | undefined> {
    const [member] = await readRows<Member>(
      this.source,
      'find-member',
      'SELECT sub, patient, name FROM member WHERE environment = $1 AND sub = $2',
      [environment, sub],
    );
    return member;
  }

  /** Where and in which language a member gets mails, or undefined for a member without an address. */
  async addressOf(
    environment: Environment,
    sub: string,
  ): Promise<{ email: string; language: string | null } | undefined> {
    const [row] = await rowsOf<{ email: string; language: string | null }>(
      this.source,
      `SELECT email, language FROM member WHERE environment = $1 AND sub = $2 AND email IS NOT NULL`,
      [environment, sub],
    );
    return row;
  }

  /** The test members of an environment by number. None where the members are real. */
  async testMembers(environment: Environment): Promise<TestMember[]> {
    if (!offersTestMembers(environment)) return [];
    return readRows<TestMember>(
      this.source,
      'test-members',
      `SELECT username, name, exercises,
              extract(year FROM age(coalesce(deceased_date, (now() AT TIME ZONE 'UTC')::date),
                                    birth_date))::int AS age,
              CASE WHEN deceased_date IS NULL THEN coverage_status ELSE 'deceased' END AS status
       FROM member WHERE environment = $1 ORDER BY length(username), username LIMIT ${maxTestMembers}`,
      [environment],
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

  /**
   * The members with this member number, `sub` or patient id. A patient id also finds the representatives of
   * that patient. A person without own records is listed with each patient for whom they act.
   */
  identifiedBy(environment: Environment, identifier: string): Promise<MemberIds[]> {
    return rowsOf<MemberIds>(
      this.source,
      `WITH found AS (
         SELECT sub FROM member WHERE environment = $1 AND (username = $2 OR sub = $2 OR patient = $2)
         UNION SELECT sub FROM representation WHERE environment = $1 AND patient = $2
       )
       SELECT member.sub, coalesce(acts.patient, member.patient) AS patient, username AS member_number
       FROM found JOIN member ON member.environment = $1 AND member.sub = found.sub
         LEFT JOIN representation acts ON acts.environment = $1 AND acts.sub = found.sub
           AND (member.patient IS NULL OR acts.patient = $2)
       WHERE coalesce(acts.patient, member.patient) IS NOT NULL
       ORDER BY username, 2 LIMIT ${maxIdentified}`,
      [environment, identifier],
    );
  }

  /** Whether this is the password of a member, for an act of a member who has signed in. */
  async hasPassword(environment: Environment, sub: string, password: string): Promise<boolean> {
    const stored = await this.passwords.find(environment, 'sub', sub);
    return (await this.passwords.check(environment, stored, password)) !== undefined;
  }

  /** The stored password of a sign-in name, for {@link authenticate}. */
  passwordOf(environment: Environment, username: string): Promise<StoredPassword> {
    return this.passwords.find(environment, 'username', username);
  }

  /** The member of these credentials, or undefined. An unknown name takes as long as a wrong password. */
  authenticate(
    environment: Environment,
    stored: StoredPassword,
    password: string,
  ): Promise<VerifiedPassword | undefined> {
    return this.passwords.check(environment, stored, password);
  }

  /**
   * Locks a member whose password was right, for the transaction that stores the step of a sign-in.
   * @throws PasswordReplaced when the member has another password by now, or is gone
   */
  async requireCurrent(db: Queryable, environment: Environment, verified: VerifiedPassword): Promise<void> {
    if (!(await this.passwords.isCurrent(db, environment, verified))) throw new PasswordReplaced();
  }
}

/** A password was replaced while its sign-in was being judged, so it is wrong now. */
export class PasswordReplaced extends Error {}
