import { createHmac, hkdfSync } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, readRows, sha256 } from '@payer/service';
import type { Environment } from '@payer/smart';
import { DataSource } from 'typeorm';
import {
  memberOfInteraction,
  Representations,
  type Representation,
  type SignedIn,
} from './representations.js';

/** The patient whose records an interaction is about. */
export interface ChosenPatient {
  patient: string;
  /** Opaque value that stands for interaction, member and patient in the consent decision. */
  choice: string;
  /** The right by which the member acts. Absent for the member's own records. */
  representation?: Representation;
}

/** `ask`: the member must choose. `nobody`: there are no records, or the right has ended. */
export type PatientChoice = ChosenPatient | 'ask' | 'nobody';

/** The member of an interaction, and the patients whose records the member may share. */
export interface OfferedPatients {
  member: SignedInMember | undefined;
  choice: PatientChoice;
  /** The member's rights to act for others. */
  rights: Representation[];
}

const model = 'PatientChoice';
/** Seconds. As long as an interaction may take. */
const lifetime = 30 * 60;

/** A member as a step of the sign-in needs it. */
export interface SignedInMember extends SignedIn {
  name: string;
}

/**
 * Stores for each interaction whose records the member shares. A choice is made for one interaction and one
 * member, and its right is checked again whenever the choice is read.
 */
@Injectable()
export class PatientChoices {
  private readonly key: Buffer;

  constructor(
    @Inject(CONFIG) { KEY_ENCRYPTION_KEY }: { KEY_ENCRYPTION_KEY: string },
    private readonly source: DataSource,
    private readonly representations: Representations,
  ) {
    this.key = Buffer.from(hkdfSync('sha256', KEY_ENCRYPTION_KEY, '', 'patient choice', 32));
  }

  /** Stores a choice. @returns whether the member may act for this patient */
  async choose(environment: Environment, uid: string, member: SignedIn, patient: string): Promise<boolean> {
    const rights = await this.representations.of(environment, member.sub);
    if (!this.resolve(environment, uid, member, patient, rights)) return false;
    await this.source.query(
      `INSERT INTO oidc_artifact (environment, model, id_sha256, payload, expires_at)
       VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))
       ON CONFLICT (environment, model, id_sha256)
       DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at`,
      [environment, model, sha256(uid), JSON.stringify({ sub: member.sub, patient }), lifetime],
    );
    return true;
  }

  /** A member who has signed in, and the patients of this member at an interaction. */
  async of(environment: Environment, uid: string, sub: string): Promise<OfferedPatients> {
    const [{ member, chosen }, rights] = await Promise.all([
      this.memberAt(environment, uid, { sub }),
      this.representations.of(environment, sub),
    ]);
    return { member, rights, choice: this.choiceOf(environment, uid, member, chosen, rights) };
  }

  /** The member who has signed in at an interaction, and the patients of this member. */
  async offeredAt(environment: Environment, uid: string): Promise<OfferedPatients> {
    const [{ member, chosen }, rights] = await Promise.all([
      this.memberAt(environment, uid, {}),
      this.representations.ofInteraction(environment, uid),
    ]);
    return { member, rights, choice: this.choiceOf(environment, uid, member, chosen, rights) };
  }

  /** @param known `sub` of the member, if known; otherwise the interaction names the member */
  private async memberAt(
    environment: Environment,
    uid: string,
    known: { sub?: string },
  ): Promise<{ member: SignedInMember | undefined; chosen: string | null }> {
    const [row] = await readRows<SignedInMember & { chosen: string | null }>(
      this.source,
      'patient-choice',
      `SELECT sub, patient, name, (
         SELECT payload->>'patient' FROM oidc_artifact
         WHERE environment = $1 AND model = $2 AND id_sha256 = $3 AND payload->>'sub' = member.sub
           AND expires_at > now()) AS chosen
       FROM member WHERE environment = $1 AND sub = coalesce($4, ${memberOfInteraction('$1', '$3')})`,
      [environment, model, sha256(uid), known.sub ?? null],
    );
    if (!row) return { member: undefined, chosen: null };
    const { chosen, ...member } = row;
    return { member, chosen };
  }

  /**
   * The stored choice. Without one it is the member's own patient, or the only other patient of a member
   * without own records.
   */
  private choiceOf(
    environment: Environment,
    uid: string,
    member: SignedInMember | undefined,
    chosen: string | null,
    rights: readonly Representation[],
  ): PatientChoice {
    if (!member) return 'nobody';
    const patient = chosen ?? member.patient;
    if (!patient && rights.length > 1) return 'ask';
    const resolved = patient ?? rights[0]?.patient;
    return (resolved && this.resolve(environment, uid, member, resolved, rights)) || 'nobody';
  }

  private resolve(
    environment: Environment,
    uid: string,
    member: SignedIn,
    patient: string,
    rights: readonly Representation[],
  ): ChosenPatient | undefined {
    const text = JSON.stringify([environment, uid, member.sub, patient]);
    const choice = createHmac('sha256', this.key).update(text).digest('base64url');
    if (patient === member.patient) return { patient, choice };
    const representation = rights.find((right) => right.patient === patient);
    return representation && { patient, choice, representation };
  }
}
