import { Injectable } from '@nestjs/common';
import { readRows, rowsOf, sha256, type Queryable } from '@payer/service';
import type { Environment, Relationship } from '@payer/smart';
import { DataSource } from 'typeorm';

/** The right of a member to act for another patient (personal representative, 45 CFR 164.502(g)). */
export interface Representation {
  patient: string;
  patient_name: string;
  /** Id of the RelatedPerson resource that stands for the member in the patient's record. */
  related_person: string;
  relationship: Relationship;
  /** Null for a right without an end. */
  ends_at: Date | null;
}

/** The part of a member that the rights depend on. */
export interface SignedIn {
  /** Stable, and without information about the person. */
  sub: string;
  /** Null for a person without own records here. */
  patient: string | null;
}

/** The patient of a grant, and the RelatedPerson if a representative gave it. */
export interface GrantPatient {
  patient?: string;
  relatedPerson?: string;
}

const live = '(ends_at IS NULL OR ends_at > now())';

/** SQL: the `sub` of the member who has signed in at an interaction. */
export const memberOfInteraction = (environment: string, idHash: string): string =>
  `(SELECT payload #>> '{session,accountId}' FROM oidc_artifact
    WHERE environment = ${environment} AND model = 'Interaction' AND id_sha256 = ${idHash} AND expires_at > now())`;

/** The rights of members to act for others, as the plan's roster states them. */
@Injectable()
export class Representations {
  constructor(private readonly source: DataSource) {}

  /** The rights of a member that hold now, by the patients' names. */
  of(environment: Environment, sub: string): Promise<Representation[]> {
    return readRows<Representation>(
      this.source,
      'representations',
      `SELECT patient, patient_name, related_person, relationship, ends_at FROM representation
       WHERE environment = $1 AND sub = $2 AND ${live} ORDER BY patient_name, patient`,
      [environment, sub],
    );
  }

  /** Like {@link of}, for the member who has signed in at an interaction. */
  ofInteraction(environment: Environment, uid: string): Promise<Representation[]> {
    return readRows<Representation>(
      this.source,
      'representations-of-interaction',
      `SELECT patient, patient_name, related_person, relationship, ends_at FROM representation
       WHERE environment = $1 AND sub = ${memberOfInteraction('$1', '$2')} AND ${live}
       ORDER BY patient_name, patient`,
      [environment, sha256(uid)],
    );
  }

  /** The right of a member to act for this patient, if it holds now. */
  async find(environment: Environment, sub: string, patient: string): Promise<Representation | undefined> {
    return (await this.of(environment, sub)).find((right) => right.patient === patient);
  }

  /**
   * Whether the member may still use a grant of this patient. A grant of an earlier version names no patient:
   * it opens the member's own records.
   */
  async mayUse(environment: Environment, member: SignedIn, grant: GrantPatient): Promise<boolean> {
    if (!grant.patient) return member.patient !== null;
    if (!grant.relatedPerson) return grant.patient === member.patient;
    const right = await this.find(environment, member.sub, grant.patient);
    return right?.related_person === grant.relatedPerson;
  }
}

/** Deletes the rights whose end has come. @returns the members who lost a right */
export function deleteEnded(db: Queryable): Promise<{ environment: Environment; sub: string }[]> {
  return rowsOf(
    db,
    `WITH ended AS (DELETE FROM representation WHERE NOT ${live} RETURNING environment, sub)
     SELECT DISTINCT environment, sub FROM ended`,
    [],
  );
}
