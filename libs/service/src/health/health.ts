import { Controller, Get, Inject, Module, Res, type DynamicModule } from '@nestjs/common';
import { HealthCheckService, TerminusModule, type HealthIndicatorResult } from '@nestjs/terminus';
import { reasonOf, type EventConsumer, type FactFeeds } from '@payer/events';
import type { FastifyReply } from 'fastify';
import { Gauge, register } from 'prom-client';

/** A named readiness check: resolves with details when well, throws with the reason when not. */
export interface ReadinessCheck {
  name: string;
  check(): Promise<Record<string, unknown> | void> | Record<string, unknown> | void;
}

/**
 * How far the event log has been read. Never a reason to be "not ready": while the log is away, sign-in, "Disconnect" and
 * the suspend button go on, and what must be fresh rests on the owners' feeds ({@link factsCheck}).
 */
export function eventsCheck(consumer: Pick<EventConsumer, 'isCaughtUp'>): ReadinessCheck {
  return { name: 'events', check: () => ({ isCaughtUp: consumer.isCaughtUp }) };
}

/**
 * How old the facts of other services are here. Never a reason to be "not ready" for a service that can answer without:
 * requests that need fresh facts are refused one by one.
 */
export function factsCheck(feeds: () => FactFeeds | undefined): ReadinessCheck {
  return {
    name: 'facts',
    check: () => ({ ageSeconds: feeds()?.ages ?? {}, maxAgeSeconds: feeds()?.maxAge ?? null }),
  };
}

const checksToken = Symbol('readiness checks');

const readiness = new Gauge({
  name: 'readiness_check_up',
  help: '1 when the check succeeded the last time /health/ready was asked, else 0',
  labelNames: ['check'],
});

@Controller()
class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(checksToken) private readonly checks: ReadinessCheck[],
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
      .check(this.checks.map((check) => () => indicator(check)))
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

/** `/health/live`, `/health/ready` and `/metrics`. */
@Module({})
export class HealthModule {
  static with(checks: ReadinessCheck[]): DynamicModule {
    return {
      module: HealthModule,
      imports: [TerminusModule],
      controllers: [HealthController],
      providers: [{ provide: checksToken, useValue: checks }],
    };
  }
}
