import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { contextOf, traceIdOf } from '@payer/events';
import { databaseIsUnavailable, tookTooLong } from '@payer/service';
import { findEnvironment, type Addresses, type Environment } from '@payer/smart';
import { FhirError, type Access, type Repository } from '@payer/fhir-store';
import { type Answer, fhirJson } from '../answer.js';
import { environmentsOf } from '../environments.js';
import type { AccessCounts } from '../access/access-counts.js';
import type { RequestLog } from '@payer/service';
import { requestRecord } from './request-record.js';
import type { AccessLog } from '../audit/access-log.js';
import type { Fairness, Turn } from '../fairness/fairness.js';
import type { Gateway } from '../gateway/gateway.js';
import type { VerifiedToken } from '../gateway/verified-token.js';
import type { PublicDocuments } from '../metadata/public-documents.js';
import { everythingAnswer } from '../operations/everything/everything.js';
import { docrefSearch, noDocuments, operationParameters } from '../operations/docref/docref.js';
import { answerOf, errorAnswer, pretty } from './answer.js';
import { encoded, EncodedDocuments } from './compression.js';
import { preflightHeaders } from './cors.js';
import { formParameters, operationBody } from './form-body.js';
import type { Offered } from '../offered.js';
import { interactionOf, type Interaction } from './interaction.js';
import { InteractionMetrics } from './interaction-metrics.js';
import { contentTypeFor } from './media-type.js';
import { noBaseHere } from './no-base-here.filter.js';
import { refuseForeignCompartment } from './compartment.js';
import { encodedParameters, lastValue } from './parameters.js';
import { handlingOf } from './prefer.js';
import { readAnswer } from './read.js';
import { binaryAnswer, refuseSearchOfBinaries } from './read-binary.js';
import { searchAnswer } from './search.js';

export interface FhirServerOptions {
  addresses: Addresses;
  engines: Record<Environment, Repository>;
  gateway: Gateway;
  fairness: Fairness;
  documents: Record<Environment, PublicDocuments>;
  /** The parts of FHIR that are switched on. */
  offered: Offered;
  access: AccessCounts;
  accessLog: AccessLog;
  requestLog: RequestLog;
  logger: Logger;
}

/** A body of this many bytes takes at least a millisecond to compress. */
const largeBody = 65_536;

const noParameters = new URLSearchParams();

/** Path templates for metrics and logs. `fhir_interactions_total` carries the resource type. */
const routeNames: Record<Interaction['kind'], string> = {
  read: '{base}/{type}/{id}',
  search: '{base}/{type}',
  capabilities: '{base}/metadata',
  'smart-configuration': '{base}/.well-known/smart-configuration',
  options: '{base}/*',
};

/**
 * Interactions that ignore Accept: the SMART configuration SHALL be JSON regardless of Accept
 * (SMART App Launch 2.2, "Using .well-known").
 */
const hasOneFormat = new Set<Interaction['kind']>(['smart-configuration', 'options']);

export interface Understood {
  environment: Environment;
  interaction: Interaction;
  query: URLSearchParams;
  /** The media type under which the client accepts FHIR JSON. */
  contentType: string;
  /** The path below the FHIR base, with its query. */
  path: string;
  /** When the request arrived, by `performance.now()`. */
  startedAt: number;
}

/** An answer that is ready to leave, with its request and token. */
export interface PreparedAnswer {
  answer: Answer;
  /** The parsed request. Undefined when the path is below no FHIR base. */
  understood?: Understood;
  /** The verified token, if the request carried one. */
  token?: VerifiedToken;
}

/** Turns a request into its answer: environment, interaction, token, admission, then the engine. */
export class FhirServer {
  private readonly interactions = new InteractionMetrics();
  private readonly documents = new EncodedDocuments();

  private readonly served: readonly Environment[];

  constructor(private readonly options: FhirServerOptions) {
    this.served = environmentsOf(options.engines);
  }

  /** Makes the answer. {@link release} must admit it before it is sent. */
  async answer(request: FastifyRequest): Promise<PreparedAnswer> {
    let token: VerifiedToken | undefined;
    let answer: Answer;
    let understood: Understood | undefined;
    try {
      understood = this.understand(request);
      if (!understood) return { answer: noBaseHere(this.options.addresses, this.served) };
      const { environment, interaction, query } = understood;
      request.routeName = routeNames[interaction.kind];
      if (interaction.kind === 'read' || interaction.kind === 'search') {
        token = await this.identify(environment, request);
        answer = await this.serve(token, interaction, understood, request);
      } else {
        await this.options.fairness.waitAsStranger(request);
        const document = pretty(this.servePublic(environment, interaction), lastValue(query, '_pretty'));
        answer = await this.documents.encoded(document, request.headers['accept-encoding']);
      }
    } catch (error) {
      if (token && isOfClient(error)) {
        // The refusal may wait for seconds. The body must not stay in memory for that time.
        request.body = undefined;
        await this.options.fairness.waitBeforeRefusal(token);
      }
      answer = this.failed(error, request);
    }
    if (!understood) return { answer };
    return { answer: calledAs(understood.contentType, answer), understood, token };
  }

  /**
   * Repeats the admission before an answer leaves. A revocation may have arrived while the request waited for
   * its turn or for the database, or while the process stood still. The caller has the bytes in hand and
   * sends them without waiting.
   * @returns the answer, or the refusal in its place
   */
  async release(request: FastifyRequest, { answer, understood, token }: PreparedAnswer): Promise<Answer> {
    if (!understood) return answer;
    let released = answer;
    const { interaction } = understood;
    if (token && 'type' in interaction && !isRefusal(answer))
      try {
        await this.options.gateway.admit(token, interaction.type);
      } catch (error) {
        released = calledAs(understood.contentType, this.failed(error, request));
      }
    this.note(understood, token, released, request);
    return released;
  }

  /** Counts an answered request, and records it for the audit trail and for the app's developer. */
  private note(
    { environment, interaction, path, startedAt }: Understood,
    token: VerifiedToken | undefined,
    answer: Answer,
    { id: requestId, method }: FastifyRequest,
  ): void {
    const { status, resources = 0 } = answer;
    this.interactions.count(environment, interaction, status);
    if (!token || (interaction.kind !== 'read' && interaction.kind !== 'search')) return;
    const at = Date.now();
    this.options.access.count(token, { failed: status >= 400, type: interaction.type, resources }, at);
    this.options.accessLog.add({ at, token, interaction, status, resources, requestId });
    const duration = performance.now() - startedAt;
    this.options.requestLog.add(environment, token.claims.client_id, () =>
      requestRecord({ environment, interaction, method, path, answer, requestId, duration }),
    );
  }

  /** Turns an error into an answer. Details of an unexpected error stay in the log. */
  failed(error: unknown, request: FastifyRequest): Answer {
    if (error instanceof FhirError) return answerOf(error);
    const { name, message, code, stack, statusCode } = error as Error & {
      code?: string;
      statusCode?: number;
    };
    if (tookTooLong(error)) {
      this.options.logger.warn(namesOf(request), 'a statement took too long');
      return errorAnswer(503, 'timeout', 'This took too long. Ask for less at once, or try again later.', {
        'retry-after': '60',
      });
    }
    if (databaseIsUnavailable(error)) {
      this.options.logger.warn({ ...namesOf(request), code }, 'the database does not answer');
      return errorAnswer(503, 'transient', 'The data store is not reachable now. Try again soon.', {
        'retry-after': '2',
      });
    }
    if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
      return errorAnswer(statusCode, 'invalid', message);
    // The message of a database error can contain values of the query. The stack frames cannot.
    const place = stack
      ?.split('\n')
      .filter((line) => line.startsWith('    at '))
      .slice(0, 12)
      .join('\n');
    this.options.logger.error({ ...namesOf(request), name, code, place }, 'a request failed');
    return errorAnswer(
      500,
      'exception',
      `Something went wrong on our side. Quote the request id ${request.id} when you ask about it.`,
    );
  }

  /** Returns the verified token. A request whose token is not in the cache waits for its turn first. */
  private async identify(environment: Environment, request: FastifyRequest): Promise<VerifiedToken> {
    const { gateway, fairness } = this.options;
    const { authorization } = request.headers;
    const known = gateway.recall(environment, authorization);
    if (known) return known;
    await fairness.waitAsStranger(request);
    return gateway.identify(environment, authorization);
  }

  /** Compresses the body of an answer if that pays off. A large body waits for the turn of its app. */
  private async encoded(answer: Answer, token: VerifiedToken, request: FastifyRequest): Promise<Answer> {
    const accepted = request.headers['accept-encoding'];
    if (accepted === undefined) return answer;
    const compressing = () => encoded(answer, accepted);
    if (answer.body === undefined || answer.body.length < largeBody) return compressing();
    return this.options.fairness.compress(token, compressing);
  }

  /** Parses environment and interaction. Undefined when host and path are below no FHIR base. */
  private understand(request: FastifyRequest): Understood | undefined {
    const url = request.raw.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const query = mark < 0 ? noParameters : encodedParameters(url.slice(mark + 1));
    const found = findEnvironment(this.options.addresses, request.headers.host ?? '', path);
    if (!found || !this.served.includes(found.environment)) return undefined;
    const interaction = interactionOf(request.method, found.rest, this.options.offered);
    // A form may carry `_format`, so the content type is negotiated after the form was parsed.
    const inForm = interaction.kind === 'search' && interaction.parametersIn === 'form';
    const contentType =
      inForm || hasOneFormat.has(interaction.kind) || isBinaryRead(interaction)
        ? fhirJson
        : contentTypeFor(request.headers.accept, lastValue(query, '_format'));
    return {
      environment: found.environment,
      interaction,
      query,
      contentType,
      path: mark < 0 ? found.rest : `${found.rest}${url.slice(mark)}`,
      startedAt: performance.now(),
    };
  }

  private async serve(
    token: VerifiedToken,
    interaction: Extract<Interaction, { kind: 'read' | 'search' }>,
    understood: Understood,
    request: FastifyRequest,
  ): Promise<Answer> {
    const access = await this.options.gateway.admit(token, interaction.type);
    const received = typeof request.body === 'string' ? request.body.length : 0;
    return this.options.fairness.run(token, received, async (turn) => {
      const found = await this.readOrSearch(token, access, turn, interaction, understood, request);
      const answer =
        interaction.kind === 'read' ? pretty(found, lastValue(understood.query, '_pretty')) : found;
      return this.encoded(answer, token, request);
    });
  }

  private async readOrSearch(
    token: VerifiedToken,
    access: Access,
    turn: Turn,
    interaction: Extract<Interaction, { kind: 'read' | 'search' }>,
    understood: Understood,
    request: FastifyRequest,
  ): Promise<Answer> {
    const { query } = understood;
    const engine = this.options.engines[token.environment];
    if (interaction.kind === 'read') {
      const answering = isBinaryRead(interaction) ? binaryAnswer : readAnswer;
      return answering(engine, { ...interaction, access }, request.headers, query);
    }
    refuseSearchOfBinaries(interaction.type);
    await refuseForeignCompartment(engine, interaction, access);
    let parameters = [...query];
    if (interaction.parametersIn === 'body')
      parameters.push(...operationParameters(operationBody(request.headers, request.body)));
    if (interaction.operation === '$everything')
      return pretty(
        await everythingAnswer(engine, { access, parameters, turn }),
        parameters.findLast(([name]) => name === '_pretty')?.[1] ?? null,
      );
    if (interaction.operation === '$docref') {
      const search = docrefSearch(parameters);
      if (!search) return noDocuments(this.options.addresses[token.environment].fhirBaseUrl, parameters);
      parameters = search;
    }
    if (interaction.parametersIn === 'form') {
      if (typeof request.body === 'string') engine.refuseTooManyValues(request.body);
      const form = formParameters(request.headers, request.body);
      const format = lastValue(form, '_format') ?? lastValue(query, '_format');
      understood.contentType = contentTypeFor(request.headers.accept, format);
      parameters.push(...form);
    }
    return searchAnswer(engine, {
      type: interaction.type,
      compartment: interaction.compartment,
      parameters,
      access,
      turn,
      handling: handlingOf(request.headers.prefer),
    });
  }

  private servePublic(
    environment: Environment,
    interaction: Exclude<Interaction, { kind: 'read' | 'search' }>,
  ): Answer {
    if (interaction.kind === 'options')
      return { status: 204, headers: { allow: interaction.allow, ...preflightHeaders }, body: undefined };
    const documents = this.options.documents[environment];
    return interaction.kind === 'capabilities' ? documents.capabilities : documents.smartConfiguration;
  }
}

/** Whether a Binary is read: the format of the answer depends on its content. */
const isBinaryRead = (interaction: Interaction): boolean =>
  interaction.kind === 'read' && interaction.type === 'Binary';

/** Whether the client caused the refusal (HTTP status 4xx). */
function isOfClient(error: unknown): boolean {
  return error instanceof FhirError && error.status >= 400 && error.status < 500;
}

/** Whether the answer contains no data because the token was refused or could not be checked. */
function isRefusal({ status }: Answer): boolean {
  return status === 401 || status === 403 || status === 503;
}

function calledAs(contentType: string, answer: Answer): Answer {
  return contentType === fhirJson || answer.headers['content-type'] !== fhirJson
    ? answer
    : { ...answer, headers: { ...answer.headers, 'content-type': contentType } };
}

/** What a log line is found by. */
function namesOf(request: FastifyRequest): { request_id: string; trace_id?: string } {
  const trace_id = traceIdOf(contextOf(request.headers.traceparent));
  return { request_id: request.id, ...(trace_id ? { trace_id } : {}) };
}
