import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, Problem, recordAudit, rowsOf, type Queryable } from '@payer/service';
import { relyingPartyOf, verifyNewPasskey, webauthn, type RelyingParty } from '@payer/service/passkeys';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { SignInService, type SignInPlace } from '../developers/sign-in.service.js';
import { Mailer } from '../mail/mailer.js';
import type { Actor } from '../sessions/actor.js';
import type { NewPasskey, PasskeyView } from './passkey-fields.js';
import { PortalChallenges } from './portal-challenges.js';

/** The most passkeys of one account. */
const maxPasskeys = 20;

/** Adds, lists, renames and removes the passkeys of an account. */
@Injectable()
export class PasskeysService {
  private readonly party: RelyingParty;

  constructor(
    private readonly source: DataSource,
    private readonly challenges: PortalChallenges,
    private readonly accounts: SignInService,
    private readonly mailer: Mailer,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.party = relyingPartyOf(config.REGISTRATION_URL);
  }

  /** The passkeys of an account, the oldest first. */
  list(accountId: string): Promise<PasskeyView[]> {
    return rowsOf<PasskeyView>(
      this.source,
      `SELECT credential_id AS id, name, is_synced, created_at, last_used_at FROM passkey
       WHERE account_id = $1 ORDER BY created_at, credential_id`,
      [accountId],
    );
  }

  /**
   * Options for `navigator.credentials.create()` (WebAuthn §5.4). A stolen session must not add a passkey, so
   * the owner proves the password.
   * @throws Problem 401 when the password is wrong; TooManyAttempts
   */
  async options(actor: Actor, password: string, place: SignInPlace) {
    await this.accounts.judge(actor.email, password, place);
    const known = await rowsOf<{ id: string; transports: string[] }>(
      this.source,
      'SELECT credential_id AS id, transports FROM passkey WHERE account_id = $1',
      [actor.id],
    );
    const { generateRegistrationOptions } = await webauthn();
    return generateRegistrationOptions({
      rpName: this.config.PLAN_NAME,
      rpID: this.party.id,
      userID: new Uint8Array(Buffer.from(actor.id)),
      userName: actor.email,
      userDisplayName: actor.name,
      challenge: this.challenges.issue({ act: 'add', subject: actor.id }),
      attestationType: 'none',
      excludeCredentials: known,
      // The sign-in asks for no email, so the authenticator must find the account by itself.
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    });
  }

  /**
   * @throws Problem 400 when the answer does not verify, or its challenge is old or used; 409 when the
   * passkey exists already, or the account has the maximum number
   */
  async add(actor: Actor, { name, response }: NewPasskey): Promise<PasskeyView> {
    const passkey = await verifyNewPasskey(this.party, response, (challenge) =>
      this.challenges.isIssued(challenge, { act: 'add', subject: actor.id }),
    ).catch((error: unknown) => {
      throw refused((error as Error).message.slice(0, 300));
    });
    return this.source.transaction(async (manager) => {
      // The lock serializes concurrent additions, so that each one is counted.
      await manager.query('SELECT 1 FROM account WHERE id = $1 FOR UPDATE', [actor.id]);
      if (!(await this.challenges.use(manager, passkey.challenge)))
        throw refused('the challenge was used before; ask for new options');
      const owned = await rowsOf(manager, 'SELECT 1 FROM passkey WHERE account_id = $1', [actor.id]);
      if (owned.length >= maxPasskeys)
        throw new Problem(
          409,
          'too_many_passkeys',
          `An account may have ${maxPasskeys} passkeys. Remove one.`,
        );
      const [added] = await rowsOf<PasskeyView>(
        manager,
        `INSERT INTO passkey (credential_id, account_id, name, public_key, counter, transports, is_synced)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
         RETURNING credential_id AS id, name, is_synced, created_at, last_used_at`,
        [
          passkey.id,
          actor.id,
          name,
          passkey.publicKey,
          passkey.counter,
          passkey.transports,
          passkey.isSynced,
        ],
      );
      if (!added) throw new Problem(409, 'passkey_known', 'This passkey was added before.');
      await this.notifyOwner(manager, actor, 'passkey-added', name);
      return added;
    });
  }

  /** @throws Problem 404 */
  async rename(actor: Actor, id: string, name: string): Promise<PasskeyView> {
    const [renamed] = await rowsOf<PasskeyView>(
      this.source,
      `UPDATE passkey SET name = $3 WHERE credential_id = $2 AND account_id = $1
       RETURNING credential_id AS id, name, is_synced, created_at, last_used_at`,
      [actor.id, id, name],
    );
    if (!renamed) throw new PasskeyNotFound();
    return renamed;
  }

  /** @throws Problem 404 */
  async remove(actor: Actor, id: string): Promise<void> {
    await this.source.transaction(async (manager) => {
      const [removed] = await rowsOf<{ name: string }>(
        manager,
        'DELETE FROM passkey WHERE credential_id = $2 AND account_id = $1 RETURNING name',
        [actor.id, id],
      );
      if (!removed) throw new PasskeyNotFound();
      await this.notifyOwner(manager, actor, 'passkey-removed', removed.name);
    });
  }

  private async notifyOwner(
    db: Queryable,
    { role, email }: Actor,
    action: 'passkey-added' | 'passkey-removed',
    name: string,
  ): Promise<void> {
    const isAdded = action === 'passkey-added';
    const page = `${this.config.REGISTRATION_URL}/account/passkeys`;
    await this.mailer.send(db, {
      to: email,
      subject: isAdded ? 'A passkey was added to your account' : 'A passkey was removed from your account',
      text:
        `The passkey “${name}” was ${isAdded ? 'added to' : 'removed from'} your developer account.\n\n${page}\n\n` +
        'If it was not you, change your password, sign out everywhere, and remove the passkeys that you do not know.',
      links: [page],
    });
    await recordAudit(db, 'registration', { actor_role: role, actor: email, action });
  }
}

const refused = (cause: string) =>
  new Problem(400, 'passkey_refused', `The passkey was not added: ${cause.replace(/\.$/, '')}.`);

export class PasskeyNotFound extends Problem {
  constructor() {
    super(404, 'passkey_not_found', 'Your account has no such passkey.');
  }
}
