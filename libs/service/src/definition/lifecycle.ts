import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';

/** A part of a service that runs beside its requests: a relay, a reader of feeds, a connection pool. */
export interface RunningPart {
  start?(): Promise<void> | void;
  stop?(): Promise<void> | void;
}

/**
 * Starts the parts of a service in the order of their addition, and stops them in reverse order after the
 * last request. So a part may use all parts added before it until its own end.
 */
export class Lifecycle implements OnModuleInit, OnApplicationShutdown {
  private readonly parts: RunningPart[] = [];

  add(...parts: RunningPart[]): void {
    this.parts.push(...parts);
  }

  async onModuleInit(): Promise<void> {
    for (const part of this.parts) await part.start?.();
  }

  /**
   * Stops every part, even when another part fails to stop.
   * @throws the first failure
   */
  async onApplicationShutdown(): Promise<void> {
    const failures: unknown[] = [];
    for (const part of this.parts.toReversed())
      try {
        await part.stop?.();
      } catch (error) {
        failures.push(error);
      }
    if (failures.length > 0) throw failures[0];
  }
}
