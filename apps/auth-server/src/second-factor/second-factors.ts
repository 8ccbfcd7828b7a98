import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, rowsOf, Sealer } from '@payer/service';
import type { Environment } from '@payer/smart';
import { DataSource, type EntityManager } from 'typeorm';
import { hashOfRecoveryCode, looksLikeRecoveryCode, newRecoveryCodes } from './recovery-codes.js';
import { stepOf } from './totp.js';

/** How a member proved the second factor. */
export type SecondFactorProof = 'otp' | 'recovery';

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
    return (await this.recoveryCodesLeft(environment, sub)) !== undefined;
  }

  /** The number of unused recovery codes. Undefined without a second factor. */
  async recoveryCodesLeft(environment: Environment, sub: string): Promise<number | undefined> {
    const [row] = await rowsOf<{ left: number }>(
      this.source,
      'SELECT cardinality(recovery_codes) AS left FROM second_factor WHERE environment = $1 AND sub = $2',
      [environment, sub],
    );
    return row?.left;
  }

  /**
   * Adds a second factor, if the code belongs to the secret. The code counts as used.
   * @returns the recovery codes, for the member only; undefined when the code is wrong, or when the member has a
   * second factor already
   */
  async add(
    environment: Environment,
    sub: string,
    secret: string,
    code: string,
  ): Promise<string[] | undefined> {
    const step = stepOf(secret, code);
    if (step === undefined) return undefined;
    const codes = newRecoveryCodes();
    const added = await rowsOf(
      this.source,
      `INSERT INTO second_factor (environment, sub, sealed_secret, last_step, recovery_codes)
       VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING 1`,
      [
        environment,
        sub,
        this.sealer.seal(secret, contextOf(environment, sub)),
        step,
        codes.map(hashOfRecoveryCode),
      ],
    );
    return added.length > 0 ? codes : undefined;
  }

  /** Accepts a code once: a code of the authenticator app, or a recovery code, which is then used up. */
  async accept(
    manager: EntityManager,
    environment: Environment,
    sub: string,
    code: string,
  ): Promise<SecondFactorProof | undefined> {
    if (looksLikeRecoveryCode(code)) return this.acceptRecoveryCode(manager, environment, sub, code);
    const [row] = await rowsOf<{ sealed_secret: string }>(
      manager,
      'SELECT sealed_secret FROM second_factor WHERE environment = $1 AND sub = $2 FOR UPDATE',
      [environment, sub],
    );
    const secret = row && this.sealer.open(row.sealed_secret, contextOf(environment, sub));
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

  async remove(manager: EntityManager, environment: Environment, sub: string): Promise<void> {
    await manager.query('DELETE FROM second_factor WHERE environment = $1 AND sub = $2', [environment, sub]);
  }
}

/** Binds a sealed secret to its member, so that no other row can hold it. */
const contextOf = (environment: Environment, sub: string) => `second factor ${environment} ${sub}`;
