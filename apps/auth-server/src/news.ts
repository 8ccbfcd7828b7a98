import { Injectable } from '@nestjs/common';
import type { EventConsumer } from '@payer/events';
import { authServerMaxStaleness } from '@payer/smart';

/** How long a decision may wait for news, in milliseconds: longer than replicas take to share their work anew when one comes or goes. */
const patience = 4000;
/** As {@link patience}, once that was in vain: the log is away, and nobody knows for how long. */
const shortPatience = 400;

/** What the other services have told by events, for decisions that must not be behind it. */
@Injectable()
export class News {
  /** When all that was told by then had been applied here. */
  private heardAt = -Infinity;
  private isAway = false;

  /**
   * @param consumer absent in tests that have no events
   * @param elapsed milliseconds on a clock that nobody sets
   */
  constructor(
    private readonly consumer?: Pick<EventConsumer, 'settle'>,
    private readonly elapsed: () => number = () => performance.now(),
  ) {}

  /**
   * Waits until everything told before this call has been applied here, so that what was approved a moment ago works and what was
   * ended does not. A log that is away delays the first decisions by {@link patience}, later ones by {@link shortPatience}; they then rest on what is
   * known, and `fhir-api` judges the token again.
   */
  async heard(): Promise<void> {
    await this.hear(this.isAway ? shortPatience : patience);
  }

  /** Whether what is known here is fresh enough to give tokens of a grant: `fhir-api` does not remember for ever that it has ended. */
  async isRecent(): Promise<boolean> {
    if (!this.consumer) return true;
    return this.elapsed() - this.heardAt < authServerMaxStaleness * 1000 || this.hear(patience);
  }

  private async hear(timeout: number): Promise<boolean> {
    const asked = this.elapsed();
    const hasSettled = (await this.consumer?.settle(timeout).catch(() => false)) ?? false;
    this.isAway = !hasSettled;
    if (hasSettled) this.heardAt = Math.max(this.heardAt, asked);
    return hasSettled;
  }
}
