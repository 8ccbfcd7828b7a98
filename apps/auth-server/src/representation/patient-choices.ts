import { createHmac, hkdfSync } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, readRows, sha256 } from '@payer/service';
import type { Environment } from '@payer/smart';
import { DataSource } from 'typeorm';
import { Representations, type Representation, type SignedIn } from './representations.js';

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

const model = 'PatientChoice';
/** Seconds. As long as an interaction may take. */
const lifetime = 30 * 60;

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

  /** The choice of an interaction, see {@link offered}. */
  async of(environment: Environment, uid: string, sub: string): Promise<PatientChoice> {
    return (await this.offered(environment, uid, sub)).choice;
  }

  /**
   * The choice of an interaction, and the member's rights to act for others. Without a choice it is the
   * member's own patient, or the only other patient of a member without own records.
   */
  async offered(
    environment: Environment,
    uid: string,
    sub: string,
  ): Promise<{ choice: PatientChoice; rights: Representation[] }> {
    const [[row], rights] = await Promise.all([
      readRows<{ chosen: string | null; patient: string | null }>(
        this.source,
        'patient-choice',
        `SELECT patient, (
           SELECT payload->>'patient' FROM oidc_artifact
           WHERE environment = $1 AND model = $2 AND id_sha256 = $3 AND payload->>'sub' = $4
             AND expires_at > now()) AS chosen
         FROM member WHERE environment = $1 AND sub = $4`,
        [environment, model, sha256(uid), sub],
      ),
      this.representations.of(environment, sub),
    ]);
    if (!row) return { choice: 'nobody', rights };
    const member = { sub, patient: row.patient };
    const resolved = (patient: string) =>
      this.resolve(environment, uid, member, patient, rights) ?? ('nobody' as const);
    const patient = row.chosen ?? row.patient;
    if (patient) return { choice: resolved(patient), rights };
    if (rights.length > 1) return { choice: 'ask', rights };
    return { choice: rights[0] ? resolved(rights[0].patient) : 'nobody', rights };
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
