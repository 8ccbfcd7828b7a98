import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Server } from 'node:http';
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
import { requestId } from '../http/request-id.js';
import { originForm } from '../http/request-target.js';
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
  /**
   * A second port for the routes of probes, metrics and other services. The first port then lacks these
   * routes (INTERNAL_PORT).
   */
  internalPort?: number;
  logger: Logger;
  /** Which requests are logged and traced; all by default. */
  requests?: Pick<ObservedRequests, 'log' | 'follow'>;
  /**
   * Milliseconds between reporting "not ready" and closing the port, so that a load balancer can stop sending
   * (SHUTDOWN_DRAIN_MS).
   */
  drain?: number;
  /** Milliseconds in which a request must arrive completely (REQUEST_TIMEOUT_MS). */
  requestTimeout?: number;
  /** Source of events; handlers are `@EventPattern` methods of the module's controllers. */
  consumer?: CustomTransportStrategy;
  /** Adds routes and hooks to the bare server before it listens. */
  configure?(app: NestFastifyApplication): Promise<void> | void;
  /** Load balancers from which `X-Forwarded-For` is accepted (TRUSTED_PROXIES). */
  trustedProxies?: string[];
  /** Whether to parse forms (application/x-www-form-urlencoded); off where another engine reads the body. */
  forms?: boolean;
  /**
   * Whether the service has pages for browsers, which need security headers and cookies; off for a bare API.
   */
  pages?: boolean;
  /**
   * Answers requests that the router cannot parse (malformed percent-encoding, or a parameter that is too
   * long).
   */
  answerUnreadable?: FastifyServerOptions['frameworkErrors'];
}

export interface RunningService {
  app: NestFastifyApplication;
  /** Address on this machine, without a trailing slash. */
  url: string;
  /** Like `url`, for the second port; undefined without one. */
  internalUrl?: string;
  close(): Promise<void>;
}

/**
 * Starts a service: HTTP first, then its events. Resolves when the service listens.
 * @throws the failure of a part, after the parts that had started are stopped
 */
export async function startService(options: ServiceOptions): Promise<RunningService> {
  const adapter = new FastifyAdapter({
    loggerInstance: options.logger as never,
    logController: new LogController({ disableRequestLogging: true }),
    // The logger adds the request id from the context, so no child logger is needed per request.
    childLoggerFactory: ((logger: unknown) => logger) as never,
    genReqId: requestId,
    rewriteUrl: originForm as never,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 500 },
    ...connectionLimits(options.requestTimeout ?? 15_000),
    ...(options.trustedProxies?.length ? { trustProxy: options.trustedProxies } : {}),
    // Requests that arrive during closing are still served; then their connections are closed.
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
        // Not no-referrer: browsers would then also hide the Origin of our own forms, which
        // refuseForeignOrigins needs.
        referrerPolicy: { policy: 'same-origin' },
      } as never,
    );
    await app.register(cookie as never);
  }
  // Milliseconds between samples of the event loop's delay. The default of 10 takes nearly 1 % of a processor
  // while the service is idle.
  if (!register.getSingleMetric('process_start_time_seconds'))
    collectDefaultMetrics({ eventLoopMonitoringPrecision: 100 });
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
    .addHook('onRequest', (request, reply, done) => {
      if (!isDraining) return done();
      // Set on the raw response, so that engines that write to it directly send the header, too.
      reply.raw.setHeader('connection', 'close');
      if (request.url === '/health/ready') void reply.code(503).send({ status: 'shutting_down' });
      else done();
    });
  const internal =
    options.internalPort === undefined
      ? undefined
      : new InternalListener(app.getHttpAdapter().getInstance() as never);
  const identity = identityIn(app);
  if (identity) signAnswers(app.getHttpAdapter().getInstance() as never, identity);
  const listen = async () => {
    await options.configure?.(app);
    await app.init();
    if (options.consumer) await startConsuming(app, options.consumer);
    await app.listen(options.port, options.host);
    return internal?.listen(options.internalPort!, options.host);
  };
  const internalPort = await listen().catch(async (error: unknown) => {
    await endFailedStart(app);
    throw error;
  });
  return {
    app,
    url: `http://localhost:${(app.getHttpServer().address() as { port: number }).port}`,
    ...(internalPort === undefined ? {} : { internalUrl: `http://localhost:${internalPort}` }),
    close: async () => {
      isDraining = true;
      if (options.drain) await new Promise((resolve) => setTimeout(resolve, options.drain));
      // A request that began before draining keeps its connection open for the next request, which would
      // delay the close.
      const server = app.getHttpServer() as Server;
      const idle = setInterval(() => server.closeIdleConnections(), 50);
      await internal?.close();
      await app.close().finally(() => clearInterval(idle));
    },
  };
}

/**
 * The service's identity; undefined for a module without an identity and without routes for other services.
 */
function identityIn(app: NestFastifyApplication): ServiceIdentity | undefined {
  try {
    return app.get(ServiceIdentity, { strict: false });
  } catch {
    return undefined;
  }
}

/** Feeds events to the handlers of a ready app. Handler errors go to the consumer. */
async function startConsuming(app: NestFastifyApplication, strategy: CustomTransportStrategy): Promise<void> {
  // Handlers are bound to filters at registration. Without deferring, the registration would precede the
  // filters.
  const events = app.connectMicroservice({ strategy }, { deferInitialization: true }) as NestMicroservice;
  events.useGlobalFilters(new HandlerErrors());
  events.setIsInitHookCalled(true); // the app, which owns the modules, calls it
  await app.startAllMicroservices();
}

/** Maximum milliseconds for the end of the parts of a service that failed to start. */
const failedStartLimit = 5_000;

/** Stops the parts that had started. Their failures are not reported: that of the start is. */
async function endFailedStart(app: NestFastifyApplication): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, failedStartLimit);
  });
  await Promise.race([app.close().catch(() => undefined), tooLate]).finally(() => clearTimeout(timer));
}

/** Maximum milliseconds for draining and closing together; a container's grace period should be longer. */
const closingLimit = 28_000;

/**
 * Runs a service as a process: starts it, closes it on SIGINT and SIGTERM, and turns a failed start into one
 * line of JSON and exit code 1.
 */
export async function runProcess(name: string, start: () => Promise<RunningService>): Promise<void> {
  let service: RunningService | undefined;
  let closing = false;
  const close = () => {
    if (closing) return;
    closing = true;
    // Process 1 of a container ignores signals without a listener. During the start there is nothing to
    // drain.
    if (!service) process.exit(0);
    const forced = setTimeout(() => {
      reportFailure(
        name,
        new Error(`The service did not close within ${closingLimit / 1000} s and ends now.`),
      );
      process.exit(1);
    }, closingLimit);
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
    reportFailure(name, error);
    process.exit(1);
  }
}

/** Logs in one line of JSON why a service does not start, or does not close. */
function reportFailure(name: string, error: unknown): void {
  const logger = pino({ name, serializers: { err: loggable } }, pino.destination({ fd: 2, sync: true }));
  const { code, port } = error as { code?: string; port?: number };
  if (error instanceof ConfigError) logger.fatal({ problems: error.problems }, 'Configuration is wrong');
  else if (code === 'EADDRINUSE')
    logger.fatal(`Port ${port} is taken by another program. Stop it, or choose another port with PORT.`);
  else logger.fatal({ err: error }, reasonOf(error));
}
