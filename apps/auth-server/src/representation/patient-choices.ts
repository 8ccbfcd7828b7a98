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
    if (!(await this.resolve(environment, uid, member, patient))) return false;
    await this.source.query(
      `INSERT INTO oidc_artifact (environment, model, id_sha256, payload, expires_at)
       VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))
       ON CONFLICT (environment, model, id_sha256)
       DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at`,
      [environment, model, sha256(uid), JSON.stringify({ sub: member.sub, patient }), lifetime],
    );
    return true;
  }

  /**
   * The choice of an interaction. Without a choice it is the member's own patient, or the only other patient
   * of a member without own records.
   */
  async of(environment: Environment, uid: string, member: SignedIn): Promise<PatientChoice> {
    const [row] = await readRows<{ patient: string }>(
      this.source,
      'patient-choice',
      `SELECT payload->>'patient' AS patient FROM oidc_artifact
       WHERE environment = $1 AND model = $2 AND id_sha256 = $3 AND payload->>'sub' = $4 AND expires_at > now()`,
      [environment, model, sha256(uid), member.sub],
    );
    const patient = row?.patient ?? member.patient;
    if (patient) return (await this.resolve(environment, uid, member, patient)) ?? 'nobody';
    const rights = await this.representations.of(environment, member.sub);
    const [first] = rights;
    if (!first) return 'nobody';
    if (rights.length > 1) return 'ask';
    return (await this.resolve(environment, uid, member, first.patient)) ?? 'nobody';
  }

  private async resolve(
    environment: Environment,
    uid: string,
    member: SignedIn,
    patient: string,
  ): Promise<ChosenPatient | undefined> {
    const text = JSON.stringify([environment, uid, member.sub, patient]);
    const choice = createHmac('sha256', this.key).update(text).digest('base64url');
    if (patient === member.patient) return { patient, choice };
    const representation = await this.representations.find(environment, member.sub, patient);
    return representation && { patient, choice, representation };
  }
}
