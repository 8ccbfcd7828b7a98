import { rowsOf } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { EntityManager } from 'typeorm';
import { hashOfRecoveryCode, newRecoveryCodes } from './recovery-codes.js';

/**
 * Serializes the changes of one member's second factors until the transaction ends: the first factor brings
 * the recovery codes, and the last one takes them along.
 */
export async function lockMember(
  manager: EntityManager,
  environment: Environment,
  sub: string,
): Promise<void> {
  await manager.query('SELECT 1 FROM member WHERE environment = $1 AND sub = $2 FOR NO KEY UPDATE', [
    environment,
    sub,
  ]);
}

/**
 * Begins the second step of a member's sign-ins, unless the member has one.
 * @returns the recovery codes, for the member only; undefined when the member had a second step before
 */
export async function beginSecondFactor(
  manager: EntityManager,
  environment: Environment,
  sub: string,
): Promise<string[] | undefined> {
  const codes = newRecoveryCodes();
  const added = await rowsOf(
    manager,
    `INSERT INTO second_factor (environment, sub, recovery_codes) VALUES ($1, $2, $3)
     ON CONFLICT DO NOTHING RETURNING 1`,
    [environment, sub, codes.map(hashOfRecoveryCode)],
  );
  return added.length > 0 ? codes : undefined;
}

/** Ends the second step of a member without a code app and without a passkey. */
export async function endEmptySecondFactor(
  manager: EntityManager,
  environment: Environment,
  sub: string,
): Promise<void> {
  await manager.query(
    `DELETE FROM second_factor AS factor
     WHERE environment = $1 AND sub = $2 AND sealed_secret IS NULL AND NOT EXISTS (
       SELECT 1 FROM member_passkey AS passkey
       WHERE passkey.environment = factor.environment AND passkey.sub = factor.sub)`,
    [environment, sub],
  );
}
