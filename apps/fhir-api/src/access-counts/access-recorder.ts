import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { Environment } from '@payer/smart';
import { environmentsOf } from '../environments.js';
import type { AccessCounts } from './access-counts.js';
import { addToTotals } from './access-totals.js';

/**
 * Writes the access counts to the environments' databases every few seconds, and once more at the service's
 * stop.
 */
export class AccessRecorder {
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly counts: AccessCounts,
    private readonly pools: Record<Environment, Pool>,
    /** Milliseconds. */
    private readonly interval: number,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.timer = setInterval(() => void this.flush(), this.interval);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  /** Writes one batch at a time. Never rejects: counts that could not be written are kept. */
  flush(): Promise<void> {
    this.writing = this.writing.then(() => this.write());
    return this.writing;
  }

  private async write(): Promise<void> {
    const taken = this.counts.take();
    for (const environment of environmentsOf(this.pools)) {
      const counts = taken.filter((count) => count.environment === environment);
      if (counts.length === 0) continue;
      const { left, error } = await addToTotals(this.pools[environment], environment, counts);
      if (error) this.logger.warn(`access totals of ${environment} could not be written: ${error.message}`);
      this.counts.putBack(left);
    }
  }
}
