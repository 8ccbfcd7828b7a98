import { Injectable } from '@nestjs/common';
import type { EventConsumer } from '@payer/events';

/** How long a decision may wait for news, in milliseconds. */
const patience = 400;

/** What the other services have told by events, for decisions that must not be behind it. */
@Injectable()
export class News {
  /** Absent in tests that have no events. */
  constructor(private readonly consumer?: Pick<EventConsumer, 'settle'>) {}

  /**
   * Waits until everything told before this call has been applied here, so that what was approved a moment ago works and what was
   * ended does not. A log that is away delays the decision by no more than {@link patience}; it then rests on what is known, and
   * `fhir-api` judges the token again.
   */
  async heard(): Promise<void> {
    await this.consumer?.settle(patience).catch(() => false);
  }
}
