import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import { reasonOf, type EventLogger } from '@payer/events';

/** Work that a service repeats while it runs. */
export interface ScheduledJob {
  /** Name of the job in log messages, such as "cleaning". */
  name: string;
  /** Milliseconds between two starts. */
  interval: number;
  run(): Promise<unknown>;
}

/**
 * Runs each job at the start and then at each interval, never twice at once. A failure is logged, and the
 * next interval tries again.
 */
export class ScheduledJobs implements OnModuleInit, OnModuleDestroy {
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly running = new Map<ScheduledJob, Promise<void>>();

  constructor(
    private readonly jobs: readonly ScheduledJob[],
    private readonly logger: Pick<EventLogger, 'warn'>,
  ) {}

  onModuleInit(): void {
    for (const job of this.jobs) {
      this.run(job);
      this.timers.push(setInterval(() => this.run(job), job.interval));
    }
  }

  /** Waits for running jobs, because the database connection closes next. */
  async onModuleDestroy(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await Promise.all(this.running.values());
  }

  private run(job: ScheduledJob): void {
    if (this.running.has(job)) return;
    const work = job
      .run()
      .then(
        () => undefined,
        (error: unknown) => this.logger.warn(`${job.name} failed: ${reasonOf(error)}`),
      )
      .finally(() => this.running.delete(job));
    this.running.set(job, work);
  }
}
