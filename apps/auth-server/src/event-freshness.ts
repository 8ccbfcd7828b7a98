import { Injectable } from '@nestjs/common';
import { SteadyClock, type EventConsumer, type FactFeeds } from '@payer/events';
import type { FactOwner } from '@payer/smart';

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
  private readonly clock = new SteadyClock();
  private isLogAway = false;

  /**
   * @param consumer absent in tests that have no events
   * @param feeds absent in tests that have no other services
   */
  constructor(
    private readonly consumer?: Pick<EventConsumer, 'waitUntilCaughtUp'>,
    private readonly feeds?: Pick<FactFeeds, 'greatestAge' | 'maxAge' | 'readNow' | 'refresh'> &
      Partial<Pick<FactFeeds, 'restores'>>,
  ) {}

  /**
   * Waits until everything that was published before this call has been applied here, so that an approval works at once
   * and an end does, too. While the log is away, the owners are asked. An owner that does not answer delays nobody for
   * long: {@link isFresh} then says whether knowledge is too old to decide by.
   */
  async catchUp(): Promise<void> {
    const timeout = this.isLogAway ? shortPatience : patience;
    const isCaughtUp = (await this.consumer?.waitUntilCaughtUp(timeout).catch(() => false)) ?? false;
    this.isLogAway = !isCaughtUp;
    if (!isCaughtUp) await this.feeds?.readNow();
  }

  /**
   * Decides something by what is known here, as soon as that is younger than REVOCATION_MAX_STALENESS.
   * @param owners whose facts the decision rests on; all when absent
   * @returns whether the outcome may leave: not when the knowledge it rests on has become too old meanwhile (a process
   * that stood still must not send what it made before), nor when the database was restored meanwhile, nor when there
   * was no decision
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
   * Whether the facts of these owners, or of all, are younger than REVOCATION_MAX_STALENESS. Asks the owners whose facts
   * are older.
   */
  isFresh(owners?: readonly FactOwner[]): Promise<boolean> {
    return this.feeds?.refresh(owners) ?? Promise.resolve(true);
  }
}
