import { createHash } from 'node:crypto';
import { BoundedCache } from '@payer/service';
import { leverError, waitingError } from '@payer/smart';
import type { Pool } from 'pg';
import type { Apps } from '../apps/apps.js';
import type { PerEnvironment } from '../environments.js';
import type { VerifiedToken } from '../gateway/verified-token.js';
import { causedRefusal } from './caused-refusal.js';

/** Used levers that a process remembers. It asks the database about the others. */
const remembered = 10_000;

/**
 * The errors that developers have asked for. Each answers one FHIR request, over all replicas: the first
 * insert of its id into `used_proof` decides. An app without a lever costs one look at its state in memory.
 */
export class NextErrors {
  private readonly used = new BoundedCache<string, true>(remembered);

  constructor(
    private readonly apps: Apps,
    private readonly pools: PerEnvironment<Pool>,
    private readonly portalUrl: string,
  ) {}

  /**
   * Refuses an admitted request if a developer of its app has asked for an error.
   * @throws Refusal with the error
   */
  async refuseOnce({ environment, claims: { client_id } }: VerifiedToken): Promise<void> {
    const levers = this.apps.find(client_id)?.levers;
    if (!levers) return;
    const waiting = waitingError(levers, environment, 'fhir');
    const documented = waiting && leverError('fhir', waiting.error);
    if (!documented || this.used.get(waiting.id)) return;
    const id = createHash('sha256').update(`sandbox lever ${waiting.id}`).digest();
    const { rowCount } = await this.pools[environment].query(
      'INSERT INTO used_proof (id, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING',
      [id, waiting.expires_at],
    );
    this.used.set(waiting.id, true);
    if (rowCount === 1) throw causedRefusal(documented, waiting.id, this.portalUrl);
  }
}
