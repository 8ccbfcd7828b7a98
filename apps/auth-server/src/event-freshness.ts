import { Injectable } from '@nestjs/common';
import { SteadyClock, type EventConsumer, type FactFeeds } from '@payer/events';
import type { FactOwner } from '@payer/smart';

/**
 * How long a decision may wait for the event log, in milliseconds. It is longer than the rebalancing of
 * replicas takes when a replica starts or stops.
 */
const patience = 4000;
/**
 * The wait after {@link patience} has failed once: the log is unavailable, and the owners of the facts are
 * asked.
 */
const shortPatience = 100;

/** Keeps decisions from resting on outdated facts of other services. */
@Injectable()
export class EventFreshness {
  private readonly clock = new SteadyClock();
  private isLogAway = false;

  /**
   * @param consumer absent in tests that have no events
   * @param feeds absent in tests that have no other services
   */
  constructor(
    private readonly consumer?: Pick<EventConsumer, 'waitUntilCaughtUp'>,
    private readonly feeds?: Pick<FactFeeds, 'areFresh' | 'greatestAge' | 'maxAge' | 'readNow' | 'refresh'> &
      Partial<Pick<FactFeeds, 'restores' | 'stateOf'>>,
  ) {}

  /**
   * Waits until all events that were published before this call are applied here, so that an approval or a
   * revocation takes effect at once. While the log is unavailable, the owners are asked. An owner that does
   * not answer delays the request only briefly. {@link isFresh} then says whether the facts are too old for a
   * decision.
   */
  async catchUp(): Promise<void> {
    const timeout = this.isLogAway ? shortPatience : patience;
    const isCaughtUp = (await this.consumer?.waitUntilCaughtUp(timeout).catch(() => false)) ?? false;
    this.isLogAway = !isCaughtUp;
    if (!isCaughtUp) await this.feeds?.readNow();
  }

  /**
   * Runs a decision once the facts are younger than REVOCATION_MAX_STALENESS.
   * @param owners owners of the facts that the decision depends on; all owners when absent
   * @returns whether the outcome may leave. False when there was no decision, when the facts became too old
   * during the decision (a process that stood still must not send an old outcome), or when a database was
   * restored meanwhile
   */
  async decide(decision: () => Promise<unknown>, owners?: readonly FactOwner[]): Promise<boolean> {
    if (!(await this.isFresh(owners))) return false;
    const knownAt = this.clock.now() - (this.feeds?.greatestAge(owners) ?? 0) * 1000;
    const restores = this.feeds?.restores;
    await decision();
    if (restores !== this.feeds?.restores) return false;
    return this.clock.now() - knownAt <= (this.feeds?.maxAge ?? Infinity) * 1000;
  }

  /**
   * See {@link FactFeeds.stateOf}: a copy of the apps that was made under the same number may decide as long
   * as the facts themselves may.
   */
  get stateOfApps(): number {
    return this.feeds?.stateOf?.('registration') ?? 0;
  }

  /** Whether the facts of all owners are fresh enough now. Sends no request. */
  get isFreshNow(): boolean {
    return this.feeds?.areFresh() ?? true;
  }

  /**
   * Whether the facts of these owners, or of all, are younger than REVOCATION_MAX_STALENESS. Refreshes older
   * facts.
   */
  isFresh(owners?: readonly FactOwner[]): Promise<boolean> {
    return this.feeds?.refresh(owners) ?? Promise.resolve(true);
  }
}
