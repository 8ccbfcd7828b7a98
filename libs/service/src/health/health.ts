import { Controller, Get, Res } from '@nestjs/common';
import { HealthCheckService, type HealthIndicatorResult } from '@nestjs/terminus';
import { reasonOf, type EventConsumer, type FactFeeds } from '@payer/events';
import type { FastifyReply } from 'fastify';
import { Gauge, register } from 'prom-client';

/** A named readiness check: resolves with details when well, throws with the reason when not. */
export interface ReadinessCheck {
  name: string;
  check(): Promise<Record<string, unknown> | void> | Record<string, unknown> | void;
}

/** The readiness checks of a service, in the order in which they are reported. */
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
 * How far the event log has been read. Never a reason to be "not ready": while the log is away, sign-in, "Disconnect" and
 * the suspend button go on, and fresh knowledge rests on the owners' feeds ({@link factsCheck}).
 */
export function eventsCheck(consumer: Pick<EventConsumer, 'isCaughtUp'>): ReadinessCheck {
  return { name: 'events', check: () => ({ isCaughtUp: consumer.isCaughtUp }) };
}

/**
 * How old the facts of other services are here. A service that can answer without them is ready all the same, and refuses
 * the requests that need fresh facts one by one.
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

  /** The process runs; restarting it would not help anything that is wrong. */
  @Get('health/live')
  live() {
    return { status: 'ok' };
  }

  /** The service can do its work now. 503 with the reasons when not. */
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
    await reply.type(register.contentType).send(await register.metrics());
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
