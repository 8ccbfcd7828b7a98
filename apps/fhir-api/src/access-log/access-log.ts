import type { Environment } from '@payer/smart';
import { Counter, Gauge, register } from 'prom-client';

/** One admitted or refused access to data: app and member, interaction, time and answer. */
export interface Access {
  /** Milliseconds since the epoch. */
  at: number;
  token: {
    environment: Environment;
    claims: { client_id: string; grant_id?: string | undefined; sub: string; patient?: string | undefined };
  };
  interaction: { kind: 'read' | 'search'; type: string };
  /** HTTP status of the answer. */
  status: number;
  /** Stored resources in the answer. */
  resources: number;
  requestId: string;
}

/** The most records in memory while the database is unavailable. A record takes about 200 bytes. */
const capacity = 200_000;

/**
 * Buffers accesses on their way to the database, so that a request costs one small object and no statement.
 * If the buffer is full while the database is unavailable, the oldest accesses are lost and counted.
 */
export class AccessLog {
  private waiting: Access[] = [];
  private readonly lost: Counter;

  /** @param full called when a batch is waiting and should be written now */
  constructor(
    private readonly batch: number,
    private readonly full: () => void = () => undefined,
    private readonly most = capacity,
  ) {
    register.removeSingleMetric('access_records_lost_total');
    register.removeSingleMetric('access_records_waiting');
    this.lost = new Counter({
      name: 'access_records_lost_total',
      help: 'Records of data access that were dropped because the database was away too long',
    });
    const waiting = () => this.waiting.length;
    new Gauge({
      name: 'access_records_waiting',
      help: 'Records of data access in memory, not yet in the database',
      collect() {
        this.set(waiting());
      },
    });
  }

  add(access: Access): void {
    this.waiting.push(access);
    if (this.waiting.length % this.batch === 0) this.full();
  }

  /** Takes the accesses since the last call. */
  take(): Access[] {
    const taken = this.waiting;
    this.waiting = [];
    return taken;
  }

  /** Returns accesses that could not be written. They are older than the waiting ones. */
  putBack(accesses: readonly Access[]): void {
    const all = [...accesses, ...this.waiting];
    const tooMany = Math.max(0, all.length - this.most);
    if (tooMany > 0) this.lost.inc(tooMany);
    this.waiting = all.slice(tooMany);
  }
}
