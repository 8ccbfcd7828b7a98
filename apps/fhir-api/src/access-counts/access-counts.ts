import type { Environment } from '@payer/smart';

/** Requests of one app on one grant (or none) on one day since the last flush. */
export interface AccessCount {
  environment: Environment;
  clientId: string;
  grantId: string | null;
  /** UTC, `YYYY-MM-DD`. */
  day: string;
  requests: number;
  /** Number of these requests with status 400 or above. */
  errors: number;
  /** Milliseconds since the epoch. */
  lastAt: number;
  /** The served requests by resource type. */
  reads: Map<string, TypeReads>;
}

/** Served requests for one resource type, and the resources in their answers. */
export interface TypeReads {
  requests: number;
  resources: number;
}

/** A request that was answered. */
export interface CountedRequest {
  /** Whether its status was 400 or above. */
  failed: boolean;
  /** The requested resource type. */
  type: string;
  /** Resources in the answer. */
  resources: number;
}

export interface Accessor {
  environment: Environment;
  claims: { client_id: string; grant_id?: string | undefined };
  accessKey: string;
}

const dayLength = 86_400_000;

/** Counts requests in memory, so that a request costs an addition and no statement. */
export class AccessCounts {
  private dayNumber = -1;
  private closedDays: AccessCount[] = [];
  private readonly environments = new Map<Environment, Map<string, AccessCount>>();

  /** @param now milliseconds since the epoch */
  count(accessor: Accessor, { failed, type, resources }: CountedRequest, now = Date.now()): void {
    const dayNumber = Math.floor(now / dayLength);
    if (dayNumber !== this.dayNumber) this.startDay(dayNumber);
    const count = this.countOf(accessor, now);
    count.requests += 1;
    count.lastAt = now;
    if (failed) count.errors += 1;
    else addReads(count.reads, type, { requests: 1, resources });
  }

  /** Takes the counts since the last call. */
  take(): AccessCount[] {
    this.startDay(this.dayNumber);
    const taken = this.closedDays;
    this.closedDays = [];
    return taken;
  }

  /** Returns counts that could not be written. */
  putBack(counts: readonly AccessCount[]): void {
    this.closedDays.push(...counts);
  }

  private countOf(accessor: Accessor, now: number): AccessCount {
    let counts = this.environments.get(accessor.environment);
    if (!counts) this.environments.set(accessor.environment, (counts = new Map<string, AccessCount>()));
    let count = counts.get(accessor.accessKey);
    if (!count) {
      count = {
        environment: accessor.environment,
        clientId: accessor.claims.client_id,
        grantId: accessor.claims.grant_id ?? null,
        day: new Date(now).toISOString().slice(0, 10),
        requests: 0,
        errors: 0,
        lastAt: now,
        reads: new Map(),
      };
      counts.set(accessor.accessKey, count);
    }
    return count;
  }

  private startDay(dayNumber: number): void {
    for (const counts of this.environments.values()) this.closedDays.push(...counts.values());
    this.environments.clear();
    this.dayNumber = dayNumber;
  }
}

/** Adds reads of a resource type to a sum. */
export function addReads(
  sum: Map<string, TypeReads>,
  type: string,
  { requests, resources }: TypeReads,
): void {
  const known = sum.get(type);
  if (!known) sum.set(type, { requests, resources });
  else {
    known.requests += requests;
    known.resources += resources;
  }
}
