import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, rowsOf, Sealer } from '@payer/service';
import type { Environment } from '@payer/smart';
import { DataSource, type EntityManager } from 'typeorm';
import { hashOfRecoveryCode, looksLikeRecoveryCode } from './recovery-codes.js';
import { beginSecondFactor, endEmptySecondFactor, lockMember } from './second-factor-rows.js';
import { stepOf } from './totp.js';

/** How a member proved the second factor. */
export type SecondFactorProof = 'otp' | 'passkey' | 'recovery';

/** The second factors that a member has added. */
export interface SecondFactorState {
  hasCodes: boolean;
  hasPasskeys: boolean;
  recoveryCodesLeft: number;
}

/** Recovery codes to show: those that came with the first second factor, or none. */
export interface AddedFactor {
  recoveryCodes?: string[];
}

/** Stores the second factors of members who sign in here with a password. */
@Injectable()
export class SecondFactors {
  private readonly sealer: Sealer;

  constructor(
    @Inject(CONFIG) { KEY_ENCRYPTION_KEY }: { KEY_ENCRYPTION_KEY: string },
    private readonly source: DataSource,
  ) {
    this.sealer = new Sealer(KEY_ENCRYPTION_KEY);
  }

  async has(environment: Environment, sub: string): Promise<boolean> {
    return (await this.stateOf(environment, sub)) !== undefined;
  }

  /** Undefined for a member who signs in with the password alone. */
  async stateOf(environment: Environment, sub: string): Promise<SecondFactorState | undefined> {
    const [row] = await rowsOf<SecondFactorState>(
      this.source,
      `SELECT sealed_secret IS NOT NULL AS "hasCodes", cardinality(recovery_codes) AS "recoveryCodesLeft",
              EXISTS (SELECT 1 FROM member_passkey AS passkey
                      WHERE passkey.environment = $1 AND passkey.sub = $2) AS "hasPasskeys"
       FROM second_factor WHERE environment = $1 AND sub = $2`,
      [environment, sub],
    );
    return row;
  }

  /**
   * Adds a code app, if the code belongs to the secret. The code counts as used.
   * @returns undefined when the code is wrong, or when the member has a code app already
   */
  async addCodes(
    environment: Environment,
    sub: string,
    secret: string,
    code: string,
  ): Promise<AddedFactor | undefined> {
    const step = stepOf(secret, code);
    if (step === undefined) return undefined;
    return this.source.transaction(async (manager) => {
      await lockMember(manager, environment, sub);
      const recoveryCodes = await beginSecondFactor(manager, environment, sub);
      const added = await rowsOf(
        manager,
        `UPDATE second_factor SET sealed_secret = $3, last_step = $4
         WHERE environment = $1 AND sub = $2 AND sealed_secret IS NULL RETURNING 1`,
        [environment, sub, this.sealer.seal(secret, contextOf(environment, sub)), step],
      );
      return added.length > 0 ? { recoveryCodes } : undefined;
    });
  }

  /** Accepts a code once: a code of the authenticator app, or a recovery code, which is then used up. */
  async accept(
    manager: EntityManager,
    environment: Environment,
    sub: string,
    code: string,
  ): Promise<SecondFactorProof | undefined> {
    if (looksLikeRecoveryCode(code)) return this.acceptRecoveryCode(manager, environment, sub, code);
    const [row] = await rowsOf<{ sealed_secret: string | null }>(
      manager,
      'SELECT sealed_secret FROM second_factor WHERE environment = $1 AND sub = $2 FOR UPDATE',
      [environment, sub],
    );
    const secret = row?.sealed_secret && this.sealer.open(row.sealed_secret, contextOf(environment, sub));
    const step = secret && stepOf(secret, code.replaceAll(/\s/g, ''));
    if (!step) return undefined;
    const used = await rowsOf(
      manager,
      `UPDATE second_factor SET last_step = $3
       WHERE environment = $1 AND sub = $2 AND last_step < $3 RETURNING 1`,
      [environment, sub, step],
    );
    return used.length > 0 ? 'otp' : undefined;
  }

  private async acceptRecoveryCode(
    manager: EntityManager,
    environment: Environment,
    sub: string,
    code: string,
  ): Promise<SecondFactorProof | undefined> {
    const used = await rowsOf(
      manager,
      `UPDATE second_factor SET recovery_codes = array_remove(recovery_codes, $3)
       WHERE environment = $1 AND sub = $2 AND $3 = ANY(recovery_codes) RETURNING 1`,
      [environment, sub, hashOfRecoveryCode(code)],
    );
    return used.length > 0 ? 'recovery' : undefined;
  }

  /**
   * Removes the code app. Without a passkey, the sign-in asks for the password alone afterwards.
   * @returns false when the member had none
   */
  async removeCodes(environment: Environment, sub: string): Promise<boolean> {
    return this.source.transaction(async (manager) => {
      await lockMember(manager, environment, sub);
      const removed = await rowsOf(
        manager,
        `UPDATE second_factor SET sealed_secret = NULL, last_step = 0
         WHERE environment = $1 AND sub = $2 AND sealed_secret IS NOT NULL RETURNING 1`,
        [environment, sub],
      );
      await endEmptySecondFactor(manager, environment, sub);
      return removed.length > 0;
    });
  }
}

/** Binds a sealed secret to its member, so that no other row can hold it. */
const contextOf = (environment: Environment, sub: string) => `second factor ${environment} ${sub}`;
