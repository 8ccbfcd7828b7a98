import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, rowsOf, useMessageOnce, type Queryable } from '@payer/service';
import {
  assertion,
  counterGrows,
  newCredential,
  PasskeyChallenges,
  relyingPartyOf,
  usedChallengeMark,
  verifyNewPasskey,
  verifyPasskey,
  webauthn,
  type ChallengeUse,
  type PasskeyKey,
} from '@payer/service/passkeys';
import type { Environment } from '@payer/smart';
import { DataSource, type EntityManager } from 'typeorm';
import type { Config } from '../config.js';
import type { Member } from '../members/members.js';
import { beginSecondFactor, endEmptySecondFactor, lockMember } from './second-factor-rows.js';
import type { AddedFactor } from './second-factors.js';

/** A passkey as its owner sees it. */
export interface MemberPasskey {
  /** The credential id of WebAuthn, in base64url. */
  id: string;
  name: string;
  added_at: Date;
  last_used_at: Date | null;
}

/** Why a passkey was not added. */
export type PasskeyRefusal = 'unverified' | 'known' | 'too-many';

/** The most passkeys of one member. */
const maxPasskeys = 10;

/**
 * The passkeys of members who sign in here with a password: the second step in place of a code. The
 * authenticator verifies the person (`userVerification: required`), so an unlocked phone that somebody finds
 * is not enough, although its browser may know the password.
 */
@Injectable()
export class MemberPasskeys {
  private readonly challenges: PasskeyChallenges;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly source: DataSource,
  ) {
    this.challenges = new PasskeyChallenges(config.KEY_ENCRYPTION_KEY, 'payer passkeys of members');
  }

  /** The oldest first. */
  list(environment: Environment, sub: string): Promise<MemberPasskey[]> {
    return rowsOf<MemberPasskey>(
      this.source,
      `SELECT credential_id AS id, name, added_at, last_used_at FROM member_passkey
       WHERE environment = $1 AND sub = $2 ORDER BY added_at, credential_id`,
      [environment, sub],
    );
  }

  /** Options for `navigator.credentials.create()` (WebAuthn §5.4). */
  async creationOptions(environment: Environment, { sub, name }: Member, sessionUid: string) {
    const { generateRegistrationOptions } = await webauthn();
    return generateRegistrationOptions({
      rpName: this.config.PLAN_NAME,
      rpID: this.party(environment).id,
      userID: new Uint8Array(Buffer.from(userHandleOf(environment, sub), 'base64url')),
      userName: name,
      userDisplayName: name,
      challenge: this.challenges.issue(additionBy(environment, sub, sessionUid)),
      // Without attestation nobody learns the model of the device, and every authenticator works.
      attestationType: 'none',
      excludeCredentials: await this.credentialsOf(environment, sub),
      authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
    });
  }

  /** Adds a passkey. The first second factor of a member brings recovery codes. */
  async add(
    environment: Environment,
    sub: string,
    sessionUid: string,
    { name, response }: { name: string; response: unknown },
  ): Promise<AddedFactor | PasskeyRefusal> {
    const sent = newCredential.safeParse(response);
    if (!sent.success) return 'unverified';
    const use = additionBy(environment, sub, sessionUid);
    const passkey = await verifyNewPasskey(
      this.party(environment),
      sent.data,
      (challenge) => this.challenges.isIssued(challenge, use),
      // The library reports a wrong signature, origin or challenge as an error.
    ).catch(() => undefined);
    if (!passkey) return 'unverified';
    return this.source.transaction(async (manager) => {
      await lockMember(manager, environment, sub);
      if (!(await useChallenge(manager, passkey.challenge))) return 'unverified';
      if ((await this.credentialsOf(environment, sub, manager)).length >= maxPasskeys) return 'too-many';
      const [known] = await rowsOf(manager, 'SELECT 1 FROM member_passkey WHERE credential_id = $1', [
        passkey.id,
      ]);
      if (known) return 'known';
      const recoveryCodes = await beginSecondFactor(manager, environment, sub);
      await manager.query(
        `INSERT INTO member_passkey (credential_id, environment, sub, name, public_key, counter, transports)
         VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [passkey.id, environment, sub, name, passkey.publicKey, passkey.counter, passkey.transports],
      );
      return { recoveryCodes };
    });
  }

  /**
   * Options for `navigator.credentials.get()` (WebAuthn §5.5), with the passkeys of this member only.
   * @param use which the answer must be for: {@link signInOf} or {@link confirmationBy}
   */
  async requestOptions(environment: Environment, sub: string, use: ChallengeUse) {
    const { generateAuthenticationOptions } = await webauthn();
    return generateAuthenticationOptions({
      rpID: this.party(environment).id,
      challenge: this.challenges.issue(use),
      allowCredentials: await this.credentialsOf(environment, sub),
      userVerification: 'required',
    });
  }

  /**
   * Accepts the answer of a passkey once. A passkey of another member, a challenge of another use, and a
   * counter that does not grow are refused.
   */
  async accept(
    manager: EntityManager,
    environment: Environment,
    sub: string,
    use: ChallengeUse,
    response: unknown,
  ): Promise<boolean> {
    const sent = assertion.safeParse(response);
    if (!sent.success) return false;
    const { id, response: answer } = sent.data;
    if (answer.userHandle && answer.userHandle !== userHandleOf(environment, sub)) return false;
    const [passkey] = await rowsOf<PasskeyKey>(
      manager,
      `SELECT credential_id, public_key, counter FROM member_passkey
       WHERE credential_id = $1 AND environment = $2 AND sub = $3`,
      [id, environment, sub],
    );
    const verified =
      passkey &&
      (await verifyPasskey(this.party(environment), passkey, sent.data, (challenge) =>
        this.challenges.isIssued(challenge, use),
      ));
    if (!verified || !(await useChallenge(manager, verified.challenge))) return false;
    const counted = await rowsOf(
      manager,
      `UPDATE member_passkey SET counter = $2, last_used_at = now()
       WHERE credential_id = $1 AND ${counterGrows('$2')} RETURNING 1`,
      [id, verified.counter],
    );
    return counted.length > 0;
  }

  /**
   * Removes a passkey. Without another second factor, the sign-in asks for the password alone afterwards.
   * @returns false when the member has no such passkey
   */
  async remove(environment: Environment, sub: string, id: string): Promise<boolean> {
    return this.source.transaction(async (manager) => {
      await lockMember(manager, environment, sub);
      const removed = await rowsOf(
        manager,
        'DELETE FROM member_passkey WHERE credential_id = $1 AND environment = $2 AND sub = $3 RETURNING 1',
        [id, environment, sub],
      );
      await endEmptySecondFactor(manager, environment, sub);
      return removed.length > 0;
    });
  }

  private party(environment: Environment) {
    return relyingPartyOf(this.config.addresses[environment].issuer);
  }

  private credentialsOf(environment: Environment, sub: string, db: Queryable = this.source) {
    return rowsOf<{ id: string; transports: string[] }>(
      db,
      `SELECT credential_id AS id, transports FROM member_passkey
       WHERE environment = $1 AND sub = $2 ORDER BY added_at`,
      [environment, sub],
    );
  }
}

/** The second step of one sign-in: one interaction, one member. */
export const signInOf = (environment: Environment, uid: string, sub: string): ChallengeUse => ({
  act: 'sign-in',
  subject: `${environment} ${uid} ${sub}`,
});

/** A member confirms in a session, before a change of the sign-in. */
export const confirmationBy = (environment: Environment, sub: string, sessionUid: string): ChallengeUse => ({
  act: 'confirm',
  subject: `${environment} ${sub} ${sessionUid}`,
});

const additionBy = (environment: Environment, sub: string, sessionUid: string): ChallengeUse => ({
  act: 'add',
  subject: `${environment} ${sub} ${sessionUid}`,
});

/**
 * The user handle of a member: the same for each passkey, so that a device replaces an older one, and without
 * information about the person (WebAuthn §14.6.1).
 */
const userHandleOf = (environment: Environment, sub: string): string =>
  createHash('sha256').update(`member ${environment} ${sub}`).digest('base64url');

/** @returns false when the challenge was used before */
function useChallenge(db: Queryable, challenge: string): Promise<boolean> {
  const { sha256, expiresAt } = usedChallengeMark(challenge);
  return useMessageOnce(db, `passkey ${sha256}`, Math.ceil(expiresAt.getTime() / 1000));
}
