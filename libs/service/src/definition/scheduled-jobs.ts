import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import { reasonOf, type EventLogger } from '@payer/events';

/** Work that a service repeats while it runs. */
export interface ScheduledJob {
  /** Names the work in the log when it fails: "cleaning". */
  name: string;
  /** Milliseconds between two beginnings. */
  interval: number;
  run(): Promise<unknown>;
}

/** Runs each job at the start and then after each interval, never twice at once. A failure is logged and tried again. */
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

  /** Waits for jobs that are under way: the database goes away next. */
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
