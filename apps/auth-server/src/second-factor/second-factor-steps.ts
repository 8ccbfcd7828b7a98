import { rowsOf, sha256, type Queryable } from '@payer/service';
import type { Environment } from '@payer/smart';
import { z } from 'zod';
import type { SecondFactorProof } from './second-factors.js';

const model = 'SecondFactorStep';

/** Seconds in which the code must follow the password. */
const lifetime = 10 * 60;

const stepShape = z.object({
  sub: z.string(),
  /** The proof that was accepted. A button pressed twice finds it here, although the code is used up. */
  proof: z.enum(['otp', 'passkey', 'recovery']).optional(),
});
export type SecondFactorStep = z.infer<typeof stepShape>;

/**
 * Stores that the member of an interaction has given the right password. The second factor is still missing.
 */
export async function beginStep(
  db: Queryable,
  environment: Environment,
  uid: string,
  step: SecondFactorStep,
): Promise<void> {
  await db.query(
    `INSERT INTO oidc_artifact (environment, model, id_sha256, payload, expires_at)
     VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))
     ON CONFLICT (environment, model, id_sha256)
     DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at`,
    [environment, model, sha256(uid), JSON.stringify(step), lifetime],
  );
}

/** The step of an interaction, or undefined when no right password was given or too much time has passed. */
export async function findStep(
  db: Queryable,
  environment: Environment,
  uid: string,
): Promise<SecondFactorStep | undefined> {
  const [row] = await rowsOf<{ payload: unknown }>(
    db,
    `SELECT payload FROM oidc_artifact
     WHERE environment = $1 AND model = $2 AND id_sha256 = $3 AND expires_at > now()`,
    [environment, model, sha256(uid)],
  );
  return row && stepShape.parse(row.payload);
}

/**
 * Stores the proof of a member's step.
 * @returns false when another member has given a password in the interaction meanwhile: one member's proof
 *   says nothing about another
 */
export async function passStep(
  db: Queryable,
  environment: Environment,
  uid: string,
  sub: string,
  proof: SecondFactorProof,
): Promise<boolean> {
  const rows = await rowsOf(
    db,
    `UPDATE oidc_artifact SET payload = payload || jsonb_build_object('proof', $4::text)
     WHERE environment = $1 AND model = $2 AND id_sha256 = $3 AND payload->>'sub' = $5
     RETURNING 1 AS passed`,
    [environment, model, sha256(uid), proof, sub],
  );
  return rows.length > 0;
}

/**
 * Locks a member's step with its proof, for the transaction that ends the sign-in. An import of a new
 * password deletes the step first, so it waits and then ends the sign-in that the transaction stores.
 * @returns false when the step has ended meanwhile
 */
export async function lockPassedStep(
  db: Queryable,
  environment: Environment,
  uid: string,
  sub: string,
): Promise<boolean> {
  const rows = await rowsOf(
    db,
    `SELECT 1 FROM oidc_artifact
     WHERE environment = $1 AND model = $2 AND id_sha256 = $3 AND payload->>'sub' = $4 AND payload ? 'proof'
     FOR UPDATE`,
    [environment, model, sha256(uid), sub],
  );
  return rows.length > 0;
}
