import { Injectable } from '@nestjs/common';
import type { EventConsumer, FactFeeds } from '@payer/events';

/**
 * How long a decision may wait for the event log, in milliseconds: longer than replicas take to share their work anew
 * when one comes or goes.
 */
const patience = 4000;
/** As {@link patience}, once that was in vain: the log is away, and the owners of the facts are asked instead. */
const shortPatience = 100;

/** What other services have decided, for decisions that must not be behind it. */
@Injectable()
export class EventFreshness {
  private isLogAway = false;

  /**
   * @param consumer absent in tests that have no events
   * @param feeds absent in tests that have no other services
   */
  constructor(
    private readonly consumer?: Pick<EventConsumer, 'settle'>,
    private readonly feeds?: Pick<FactFeeds, 'areFresh' | 'readNow' | 'refresh'>,
  ) {}

  /**
   * Waits until everything that was published before this call has been applied here, so that an approval works at once
   * and an end does, too. While the log is away, the owners are asked. An owner that does not answer delays nobody for
   * long: {@link isFresh} then says whether knowledge is too old to decide by.
   */
  async catchUp(): Promise<void> {
    const timeout = this.isLogAway ? shortPatience : patience;
    const isCaughtUp = (await this.consumer?.settle(timeout).catch(() => false)) ?? false;
    this.isLogAway = !isCaughtUp;
    if (!isCaughtUp) await this.feeds?.readNow();
  }

  /** As {@link isFresh}, by what is known at this moment. */
  get isFreshNow(): boolean {
    return this.feeds?.areFresh() ?? true;
  }

  /** Whether knowledge of grants and apps is younger than REVOCATION_MAX_STALENESS; asks the owners when it is older. */
  isFresh(): Promise<boolean> {
    return this.feeds?.refresh() ?? Promise.resolve(true);
  }
}
