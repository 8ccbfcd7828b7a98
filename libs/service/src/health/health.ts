import { Controller, Get, Res } from '@nestjs/common';
import { HealthCheckService, type HealthIndicatorResult } from '@nestjs/terminus';
import { reasonOf, type EventConsumer, type FactFeeds } from '@payer/events';
import type { FastifyReply } from 'fastify';
import { Gauge, register } from 'prom-client';
import { requestDurations } from '../metrics/request-durations.js';

/** A named readiness check: resolves with details when the part is ready, throws with the reason when not. */
export interface ReadinessCheck {
  name: string;
  check(): Promise<Record<string, unknown> | void> | Record<string, unknown> | void;
}

/** The readiness checks of a service, in the order of the report. */
export class ReadinessChecks {
  constructor(readonly all: readonly ReadinessCheck[]) {}
}

/** Whether a database answers. */
export function databaseCheck(
  name: string,
  database: { query(sql: string): Promise<unknown> },
): ReadinessCheck {
  return {
    name,
    check: async () => {
      await database.query('SELECT 1');
    },
  };
}

/**
 * Reports whether the event log is caught up, and never makes the service unready. While the log is
 * unavailable, sign-in, "Disconnect" and the suspend button still work, and fresh knowledge comes from the
 * owners' feeds ({@link factsCheck}).
 */
export function eventsCheck(consumer: Pick<EventConsumer, 'isCaughtUp'>): ReadinessCheck {
  return { name: 'events', check: () => ({ isCaughtUp: consumer.isCaughtUp }) };
}

/**
 * Reports the age of other services' facts. A service that can serve some requests without fresh facts stays
 * ready, and refuses only the requests that need them.
 * @param isNeededToServe whether the service is unready until it has read the feeds of all owners once
 */
export function factsCheck(
  feeds: Pick<FactFeeds, 'ages' | 'maxAge' | 'areRead' | 'unread'>,
  isNeededToServe = false,
): ReadinessCheck {
  return {
    name: 'facts',
    check: () => {
      if (isNeededToServe && !feeds.areRead)
        throw new Error(
          `the facts of ${feeds.unread.join(', ')} have not been read since this replica started`,
        );
      return { ageSeconds: feeds.ages, maxAgeSeconds: feeds.maxAge };
    },
  };
}

const readiness = new Gauge({
  name: 'readiness_check_up',
  help: '1 when the check succeeded the last time /health/ready was asked, else 0',
  labelNames: ['check'],
});

/** `/health/live`, `/health/ready` and `/metrics`; its module imports Terminus. */
@Controller()
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly checks: ReadinessChecks,
  ) {}

  /** The process runs. Reports no dependencies, because a restart would not repair them. */
  @Get('health/live')
  live() {
    return { status: 'ok' };
  }

  /** Whether the service can work now; 503 with the reasons when not. */
  @Get('health/ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    const results = await this.health
      .check(this.checks.all.map((check) => () => indicator(check)))
      .catch((error) => {
        void reply.code(503);
        return (error as { getResponse(): unknown }).getResponse();
      });
    return results;
  }

  @Get('metrics')
  async metrics(@Res() reply: FastifyReply) {
    await reply.type(register.contentType).send((await register.metrics()) + requestDurations.text());
  }
}

async function indicator(check: ReadinessCheck): Promise<HealthIndicatorResult> {
  try {
    const details = (await check.check()) ?? {};
    readiness.set({ check: check.name }, 1);
    return { [check.name]: { status: 'up', ...details } };
  } catch (error) {
    readiness.set({ check: check.name }, 0);
    return { [check.name]: { status: 'down', message: reasonOf(error) } };
  }
}
