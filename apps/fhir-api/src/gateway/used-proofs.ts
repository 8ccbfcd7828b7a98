import { createHash } from 'node:crypto';
import type { DpopProof } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { Pool } from 'pg';
import type { PerEnvironment } from '../environments.js';

/** Rows that one statement removes. */
const removedAtOnce = 5000;

/** The DPoP proofs that were used, over all replicas (RFC 9449 §11.1). */
export class UsedProofs {
  constructor(private readonly pools: PerEnvironment<Pool>) {}

  /** @returns false when the proof was used before */
  async use(environment: Environment, { thumbprint, jti, expiresAt }: DpopProof): Promise<boolean> {
    const id = createHash('sha256').update(`${thumbprint} ${jti}`).digest();
    const { rowCount } = await this.pools[environment].query(
      `INSERT INTO used_proof (id, expires_at) VALUES ($1, to_timestamp($2) + interval '1 minute')
       ON CONFLICT DO NOTHING`,
      [id, expiresAt],
    );
    return rowCount === 1;
  }

  /** Removes the proofs that are refused by their age. */
  async removeExpired(environment: Environment): Promise<void> {
    for (let removed: number | null = removedAtOnce; removed === removedAtOnce;)
      ({ rowCount: removed } = await this.pools[environment].query(
        `DELETE FROM used_proof WHERE ctid = ANY(ARRAY(
           SELECT ctid FROM used_proof WHERE expires_at < now() LIMIT ${removedAtOnce}))`,
      ));
  }
}
