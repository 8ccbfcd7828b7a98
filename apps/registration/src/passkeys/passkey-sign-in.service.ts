import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, countSignIn, Problem, recordAudit, rowsOf } from '@payer/service';
import {
  counterGrows,
  relyingPartyOf,
  verifyPasskey,
  type PasskeyKey,
  type RelyingParty,
  webauthn,
} from '@payer/service/passkeys';
import type { AuthenticationResponseJSON } from '@simplewebauthn/server';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import type { AccountRole } from '../sessions/account.entity.js';
import { PortalSessions, type SessionOrigin } from '../sessions/portal-sessions.js';
import { PortalChallenges } from './portal-challenges.js';

/** A passkey with its owner. */
interface OwnedPasskey extends PasskeyKey {
  account_id: string;
  email: string;
  role: AccountRole;
}

/**
 * Sign-in with a passkey (WebAuthn §7.2). The authenticator names the account, so the person types no email
 * and the options are the same for everybody: they reveal no account.
 */
@Injectable()
export class PasskeySignIn {
  private readonly party: RelyingParty;

  constructor(
    private readonly source: DataSource,
    private readonly sessions: PortalSessions,
    private readonly challenges: PortalChallenges,
    @Inject(CONFIG) config: Config,
  ) {
    this.party = relyingPartyOf(config.REGISTRATION_URL);
  }

  /** Options for `navigator.credentials.get()` (WebAuthn §5.5). */
  async options() {
    const { generateAuthenticationOptions } = await webauthn();
    return generateAuthenticationOptions({
      rpID: this.party.id,
      challenge: this.challenges.issue({ act: 'sign-in' }),
      userVerification: 'required',
    });
  }

  /** Starts a session. @throws Problem 401 with the same text for every cause */
  async signIn(
    response: AuthenticationResponseJSON,
    origin: SessionOrigin,
  ): Promise<{ token: string; email: string }> {
    const passkey = await this.find(response);
    const isProven = passkey !== undefined && (await this.admits(passkey, response));
    const token = isProven ? await this.sessions.start(passkey.account_id, origin) : undefined;
    const isAdmitted = token !== undefined;
    countSignIn(passkey?.role ?? 'unknown', '', isAdmitted ? 'success' : 'failure');
    await recordAudit(this.source, 'registration', {
      action: isAdmitted ? 'signed-in' : 'sign-in-refused',
      actor_role: passkey?.role ?? 'unknown',
      actor: passkey?.email ?? null,
      detail: { method: 'passkey' },
    });
    if (!passkey || !token)
      throw new Problem(
        401,
        'passkey_not_accepted',
        'We could not sign you in with this passkey. Try again, or sign in with your password.',
      );
    return { token, email: passkey.email };
  }

  /** The passkey that answers. A user handle of another account than the passkey's owner is refused. */
  private async find({ id, response }: AuthenticationResponseJSON): Promise<OwnedPasskey | undefined> {
    const [passkey] = await rowsOf<OwnedPasskey>(
      this.source,
      `SELECT credential_id, public_key, counter, account_id, email, role
       FROM passkey JOIN account ON account.id = account_id WHERE credential_id = $1 AND ended_at IS NULL`,
      [id],
    );
    const { userHandle } = response;
    const isOwner = !userHandle || Buffer.from(userHandle, 'base64url').toString() === passkey?.account_id;
    return isOwner ? passkey : undefined;
  }

  private async admits(passkey: OwnedPasskey, response: AuthenticationResponseJSON): Promise<boolean> {
    const answer = await verifyPasskey(this.party, passkey, response, (challenge) =>
      this.challenges.isIssued(challenge, { act: 'sign-in' }),
    );
    if (!answer) return false;
    return this.source.transaction(async (manager) => {
      if (!(await this.challenges.use(manager, answer.challenge))) return false;
      const counted = await rowsOf(
        manager,
        `UPDATE passkey SET counter = $2, last_used_at = now()
         WHERE credential_id = $1 AND ${counterGrows('$2')} RETURNING 1`,
        [passkey.credential_id, answer.counter],
      );
      return counted.length > 0;
    });
  }
}
