import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { DynamicModule, Type } from '@nestjs/common';
import type { CustomTransportStrategy, NestMicroservice } from '@nestjs/microservices';
import { HandlerErrors, reasonOf } from '@payer/events';
import { LogController, type FastifyServerOptions } from 'fastify';
import { pino, type Logger } from 'pino';
import { collectDefaultMetrics, register } from 'prom-client';
import { ConfigError } from '../config/config.js';
import { ServiceIdentity } from '../security/service-identity.js';
import { signAnswers } from '../security/signed-answers.js';
import { connectionLimits, limitConnections, refuseRepeatedHeaders } from '../http/http-limits.js';
import { observeRequests, type ObservedRequests } from '../http/observe-requests.js';
import { loggable } from '../output/process-output.js';
import { startTracing, stopTracing } from '../tracing/open-telemetry.js';
import { InternalListener } from './internal-listener.js';
import { nestLogger } from './logger.js';

export interface ServiceOptions {
  name: string;
  module: Type | DynamicModule;
  host: string;
  /** 0 chooses a free port (tests). */
  port: number;
  /** A second port for probes, metrics and services of the platform, which are then not on the first (INTERNAL_PORT). */
  internalPort?: number;
  logger: Logger;
  /** What is logged of requests, and whether they are followed; by default all of both. */
  requests?: Pick<ObservedRequests, 'log' | 'follow'>;
  /**
   * Milliseconds between saying "not ready" and closing the door, in which a load balancer stops sending (SHUTDOWN_DRAIN_MS).
   */
  drain?: number;
  /** Milliseconds in which a request has to arrive whole (REQUEST_TIMEOUT_MS). */
  requestTimeout?: number;
  /** Where events come from; handlers are `@EventPattern` methods of the module's controllers. */
  consumer?: CustomTransportStrategy;
  /** Routes and hooks on the bare server, before it listens. */
  configure?(app: NestFastifyApplication): Promise<void> | void;
  /** Load balancers whose `X-Forwarded-For` is believed (TRUSTED_PROXIES). */
  trustedProxies?: string[];
  /** Whether forms (application/x-www-form-urlencoded) are parsed; off where another engine reads the body. */
  forms?: boolean;
  /** Whether browsers see pages of this service: their security headers, and cookies; off for a bare API. */
  pages?: boolean;
  /** Answers requests that the router cannot read (malformed percent-encoding, a parameter that is too long). */
  answerUnreadable?: FastifyServerOptions['frameworkErrors'];
}

export interface RunningService {
  app: NestFastifyApplication;
  /** Address on this machine, without a trailing slash. */
  url: string;
  /** As `url`, of the second port; undefined when there is none. */
  internalUrl?: string;
  close(): Promise<void>;
}

/** Starts a service: HTTP first, then its events; resolves when it listens. */
export async function startService(options: ServiceOptions): Promise<RunningService> {
  const adapter = new FastifyAdapter({
    loggerInstance: options.logger as never,
    logController: new LogController({ disableRequestLogging: true }),
    // What is logged within a request carries its id by itself: no logger has to be made for each.
    childLoggerFactory: ((logger: unknown) => logger) as never,
    genReqId: (request: IncomingMessage) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && /^[\w-]{8,64}$/.test(given) ? given : randomUUID();
    },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 500 },
    ...connectionLimits(options.requestTimeout ?? 15_000),
    ...(options.trustedProxies?.length ? { trustProxy: options.trustedProxies } : {}),
    // What still comes in while closing is served; its connection is then closed.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    ...(options.answerUnreadable ? { frameworkErrors: options.answerUnreadable } : {}),
  });
  const app = await NestFactory.create<NestFastifyApplication>(options.module, adapter, {
    logger: nestLogger(options.logger),
    bodyParser: options.forms !== false,
    abortOnError: false,
  });
  if (options.pages !== false) {
    await app.register(
      helmet as never,
      {
        contentSecurityPolicy: false,
        crossOriginOpenerPolicy: { policy: 'same-origin' },
        // Not no-referrer: browsers then hide the Origin of our own forms, too, and refuseForeignOrigins needs it.
        referrerPolicy: { policy: 'same-origin' },
      } as never,
    );
    await app.register(cookie as never);
  }
  if (!register.getSingleMetric('process_start_time_seconds')) collectDefaultMetrics();
  observeRequests(app.getHttpAdapter().getInstance() as never, {
    service: options.name,
    logger: options.logger,
    log: 'all',
    follow: true,
    ...options.requests,
  });
  refuseRepeatedHeaders(app.getHttpAdapter().getInstance() as never);
  limitConnections(app.getHttpServer() as Server);
  let isDraining = false;
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', async (request, reply) => {
      if (!isDraining) return;
      // On the bare response, so that engines which write to it themselves say it, too.
      reply.raw.setHeader('connection', 'close');
      if (request.url === '/health/ready') await reply.code(503).send({ status: 'shutting_down' });
    });
  const internal =
    options.internalPort === undefined
      ? undefined
      : new InternalListener(app.getHttpAdapter().getInstance() as never);
  const identity = identityIn(app);
  if (identity) signAnswers(app.getHttpAdapter().getInstance() as never, identity);
  await options.configure?.(app);
  await app.init();
  if (options.consumer) await startConsuming(app, options.consumer);
  await app.listen(options.port, options.host);
  const internalPort = await internal?.listen(options.internalPort!, options.host);
  return {
    app,
    url: `http://localhost:${(app.getHttpServer().address() as { port: number }).port}`,
    ...(internalPort === undefined ? {} : { internalUrl: `http://localhost:${internalPort}` }),
    close: async () => {
      isDraining = true;
      if (options.drain) await new Promise((resolve) => setTimeout(resolve, options.drain));
      // A request that was under way before draining leaves its connection open for the next, which would keep us waiting.
      const server = app.getHttpServer() as Server;
      const idle = setInterval(() => server.closeIdleConnections(), 50);
      await internal?.close();
      await app.close().finally(() => clearInterval(idle));
    },
  };
}

/** Who the service is to others; undefined where a module has no identity, and no route for other services. */
function identityIn(app: NestFastifyApplication): ServiceIdentity | undefined {
  try {
    return app.get(ServiceIdentity, { strict: false });
  } catch {
    return undefined;
  }
}

/** Feeds the handlers of an app that is ready; what they throw goes to the consumer. */
async function startConsuming(app: NestFastifyApplication, strategy: CustomTransportStrategy): Promise<void> {
  // Handlers are bound to filters when they are registered; without deferring, that is before there are any.
  const events = app.connectMicroservice({ strategy }, { deferInitialization: true }) as NestMicroservice;
  events.useGlobalFilters(new HandlerErrors());
  events.setIsInitHookCalled(true); // by the app, to which the modules belong
  await app.startAllMicroservices();
}

/** Milliseconds for draining and closing together; a container's grace period should be longer. */
const closingLimit = 28_000;

/**
 * Runs a service as a process: starts it, closes it on SIGINT and SIGTERM, and turns failures at start into one line of
 * JSON and exit code 1.
 */
export async function runProcess(name: string, start: () => Promise<RunningService>): Promise<void> {
  let service: RunningService | undefined;
  let closing = false;
  const close = () => {
    if (closing) return;
    closing = true;
    // Process 1 of a container gets no signal that it does not listen to; while it starts there is nothing to drain.
    if (!service) process.exit(0);
    const forced = setTimeout(() => process.exit(1), closingLimit);
    forced.unref();
    service
      .close()
      .finally(stopTracing)
      .then(
        () => process.exit(0),
        () => process.exit(1),
      );
  };
  process.on('SIGINT', close);
  process.on('SIGTERM', close);
  process.on('disconnect', close);
  try {
    await startTracing(name);
    service = await start();
    process.send?.({ ready: name, url: service.url });
  } catch (error) {
    reportFailedStart(name, error);
    process.exit(1);
  }
}

/** Says in one line of JSON why a service does not start. */
function reportFailedStart(name: string, error: unknown): void {
  const logger = pino({ name, serializers: { err: loggable } }, pino.destination({ fd: 2, sync: true }));
  const { code, port } = error as { code?: string; port?: number };
  if (error instanceof ConfigError) logger.fatal({ problems: error.problems }, 'Configuration is wrong');
  else if (code === 'EADDRINUSE')
    logger.fatal(`Port ${port} is taken by another program. Stop it, or choose another port with PORT.`);
  else logger.fatal({ err: error }, reasonOf(error));
}
