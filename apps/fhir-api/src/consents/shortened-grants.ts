import type { GrantShortening } from '@payer/smart';

/** Milliseconds for which tokens may outlive the end of their grant, and clocks may differ. */
const margin = 2 * 3_600_000;

/** The earlier end of a grant. */
export interface Shortening {
  endsAt: Date;
  changedAt: Date;
}

/**
 * The ends of grants that members have moved to an earlier date, in the memory of this replica. A token names
 * the end that its grant had at the start. Only the log reports moved ends: a replica that starts while the
 * log is away shows the later end until it has read the log. No check of access uses these ends.
 */
export class ShortenedGrants {
  private readonly byGrant = new Map<string, Shortening>();
  private nextCleaning = 0;

  constructor(private readonly now: () => number = Date.now) {}

  /** The end only ever moves earlier, so a repeated or late event changes nothing. */
  apply({ grant_id: grantId, expires_at, version }: GrantShortening): void {
    const endsAt = new Date(expires_at);
    this.forgetEnded();
    if (endsAt.getTime() + margin < this.now()) return;
    const known = this.byGrant.get(grantId);
    if (known && known.endsAt <= endsAt) return;
    this.byGrant.set(grantId, { endsAt, changedAt: new Date(version) });
  }

  of(grantId: string): Shortening | undefined {
    return this.byGrant.get(grantId);
  }

  get size(): number {
    return this.byGrant.size;
  }

  private forgetEnded(): void {
    if (this.now() < this.nextCleaning) return;
    this.nextCleaning = this.now() + margin;
    for (const [grantId, { endsAt }] of this.byGrant)
      if (endsAt.getTime() + margin < this.now()) this.byGrant.delete(grantId);
  }
}
