import type { FactOwner } from '@payer/smart';
import { Gauge, register } from 'prom-client';
import type { FactFeed } from './fact-feed.js';

/** Milliseconds to wait for an owner's answer while a request is waiting. */
const patience = 2000;

/** The knowledge of this service about the owners that it depends on, with its age. */
export class FactFeeds {
  private readonly feeds: ReadonlyMap<FactOwner, FactFeed>;
  /**
   * Number of restores of the database that the facts are applied to. A decision made before a restore may
   * rest on lost facts.
   */
  restores = 0;

  /** @param maxAge seconds (REVOCATION_MAX_STALENESS): older knowledge is not relied on */
  constructor(
    feeds: readonly FactFeed[],
    readonly maxAge: number,
  ) {
    this.feeds = new Map(feeds.map((feed) => [feed.owner, feed]));
    const name = 'facts_age_seconds';
    register.removeSingleMetric(name);
    new Gauge({
      name,
      help: 'Age of what this replica knows of the facts of an owner. NaN before the first answer',
      labelNames: ['owner'],
      collect() {
        for (const feed of feeds) this.set({ owner: feed.owner }, feed.age ?? NaN);
      },
    });
  }

  /** See {@link FactFeed.forget}. */
  forget(): void {
    this.restores += 1;
    for (const feed of this.feeds.values()) feed.forget();
  }

  start(): void {
    for (const feed of this.feeds.values()) feed.start();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.feeds.values()].map((feed) => feed.stop()));
  }

  of(owner: FactOwner): FactFeed {
    const feed = this.feeds.get(owner);
    if (!feed) throw new Error(`the facts of ${owner} are not read here`);
    return feed;
  }

  /**
   * A number that changes with each complete reading of the owner's feed, and with each restore of the
   * database that the facts are applied to. A copy of the facts that was made under the same number is as
   * fresh as they are.
   */
  stateOf(owner: FactOwner): number {
    return this.of(owner).readings + this.restores;
  }

  /** Whether every feed has been read at least once since this process started. */
  get areRead(): boolean {
    return this.unread.length === 0;
  }

  /** Owners with a feed that was never read. */
  get unread(): FactOwner[] {
    return [...this.feeds.values()].filter(({ age }) => age === undefined).map(({ owner }) => owner);
  }

  /** Whether the facts of these owners, or of all owners, are fresh enough to rely on. */
  areFresh(owners: Iterable<FactOwner> = this.feeds.keys()): boolean {
    for (const owner of owners) if (!((this.of(owner).age ?? Infinity) <= this.maxAge)) return false;
    return true;
  }

  /**
   * Age in seconds of the oldest facts of these owners, or of all owners; Infinity before all their feeds are
   * read.
   */
  greatestAge(owners: Iterable<FactOwner> = this.feeds.keys()): number {
    return Math.max(...[...owners].map((owner) => this.of(owner).age ?? Infinity));
  }

  /**
   * Reads the feeds of these owners, or of all owners, now.
   * @returns whether all owners answered in time
   */
  async readNow(owners: Iterable<FactOwner> = this.feeds.keys(), timeout = patience): Promise<boolean> {
    const read = await Promise.all([...owners].map((owner) => this.of(owner).readNow(timeout)));
    return read.every(Boolean);
  }

  /**
   * Reads the feeds with stale facts.
   * @returns whether all facts are fresh now
   */
  async refresh(owners: Iterable<FactOwner> = this.feeds.keys()): Promise<boolean> {
    const asked = [...owners];
    await this.readNow(asked.filter((owner) => !this.areFresh([owner])));
    return this.areFresh(asked);
  }

  /** For readiness: the age of each owner's facts in seconds; null before the first answer. */
  get ages(): Record<string, number | null> {
    return Object.fromEntries([...this.feeds.values()].map(({ owner, age }) => [owner, age ?? null]));
  }
}
