import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { findEnvironment, isTypeOfGrant, type Addresses, type Environment } from '@payer/smart';
import { FhirError, type Access, type Repository } from '@payer/fhir-store';
import { type Answer, fhirJson } from '../answer.js';
import { environmentsOf } from '../environments.js';
import type { AccessCounts } from '../access-counts/access-counts.js';
import type { RequestLog } from '@payer/service';
import { requestRecord } from './request-record.js';
import type { AccessLog } from '../access-log/access-log.js';
import { addressOrApp, type Caller } from '../fairness/caller.js';
import { Decompressions } from '../fairness/decompressions.js';
import type { Turn } from '../fairness/fairness.js';
import type { TokenAccess } from '../gateway/plan-access.js';
import type { VerifiedToken } from '../gateway/verified-token.js';
import { noHeaders } from '../metadata/guide-versions.js';
import type { PublicDocuments } from '../metadata/public-documents.js';
import { everythingAnswer } from '../operations/everything/everything.js';
import { docrefSearch, noDocuments, operationParameters } from '../operations/docref/docref.js';
import { Admission, typeToAdmit, type AdmissionOptions, type Client } from './admission.js';
import { pretty } from './error-answer.js';
import { batchAnswer } from './batch.js';
import { readBatch, refuseInBatch, type EntryRequest } from './batch-request.js';
import { encoded, EncodedDocuments, isLarge } from './compression.js';
import { isUnchanged } from './conditional-request.js';
import type { Consents } from './consents.js';
import { preflightHeaders } from './cors.js';
import { failedAnswer } from './failed-request.js';
import { bundleBody, formParameters, operationBody } from './form-body.js';
import type { Offered } from '../offered.js';
import {
  dataAsked,
  interactionOf,
  isBinaryRead,
  type BatchInteraction,
  type DataInteraction,
  type Interaction,
  type PublishedInteraction,
} from './interaction.js';
import { InteractionMetrics } from './interaction-metrics.js';
import { routeNames } from './route-names.js';
import { contentTypeFor } from './content-negotiation.js';
import { noBaseHere } from './no-base-here.filter.js';
import { refuseForeignCompartment } from './compartment.js';
import { encodedParameters, lastValue } from './parameters.js';
import { handlingOf } from './prefer.js';
import { historyAnswer } from './history.js';
import { publishedAnswer } from './published-files.js';
import { readAnswer } from './read.js';
import { binaryAnswer, refuseSearchOfBinaries } from './read-binary.js';
import { searchAnswer } from './search.js';

export interface FhirServerOptions extends AdmissionOptions {
  addresses: Addresses;
  engines: Record<Environment, Repository>;
  consents: Record<Environment, Consents>;
  documents: Record<Environment, PublicDocuments>;
  /** The parts of FHIR that are switched on. */
  offered: Record<Environment, Offered>;
  /** The folder of each environment that serves its directory as files. */
  publishedFolders?: Partial<Record<Environment, string>>;
  access: AccessCounts;
  accessLog: AccessLog;
  requestLog: RequestLog;
  logger: Logger;
}

const noParameters = new URLSearchParams();

/**
 * Interactions that ignore Accept: the SMART configuration SHALL be JSON regardless of Accept
 * (SMART App Launch 2.2, "Using .well-known").
 */
const hasOneFormat = new Set<Interaction['kind']>(['smart-configuration', 'published', 'options']);

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
  private readonly decompressions = new Decompressions();

  private readonly admission: Admission;
  private readonly served: readonly Environment[];

  constructor(private readonly options: FhirServerOptions) {
    this.admission = new Admission(options);
    this.served = environmentsOf(options.engines);
  }

  /** Makes the answer. {@link release} must admit it before it is sent. */
  async answer(request: FastifyRequest, client: Client = {}): Promise<PreparedAnswer> {
    let answer: Answer;
    let understood: Understood | undefined;
    try {
      understood = this.understand(request);
      if (!understood) return { answer: noBaseHere(this.options.addresses, this.served) };
      const { environment, interaction, query } = understood;
      request.routeName = routeNames[interaction.kind];
      if (client.isEntry) refuseInBatch(interaction);
      if (interaction.kind === 'read' || interaction.kind === 'search') {
        const access = await this.admission.admit(client, environment, interaction, request);
        answer = await this.serve(client.caller!, access, interaction, understood, request);
      } else if (interaction.kind === 'published') {
        await this.admission.admitToFiles(client, environment, interaction, request);
        answer = await this.answerPublished(client.caller!, environment, interaction, request);
      } else if (interaction.kind === 'batch') {
        answer = await this.answerBatch(client, environment, interaction, request);
      } else {
        await this.options.fairness.waitAsStranger(request);
        const document = this.servePublic(environment, interaction);
        answer = hasCopy(request.headers, document)
          ? { ...document, status: 304, body: undefined }
          : { ...(await this.encodedDocument(document, query, request.headers['accept-encoding'])) };
      }
    } catch (error) {
      if (client.caller && isOfClient(error)) {
        // The refusal may wait for seconds. The body must not stay in memory for that time.
        request.body = undefined;
        await this.options.fairness.waitBeforeRefusal(client.caller);
      }
      answer = this.failed(error, request);
    }
    if (client.limits) answer.headers = { ...client.limits, ...answer.headers };
    if (!understood) return { answer };
    return { answer: calledAs(understood.contentType, answer), understood, token: client.token };
  }

  /** Answers a batch. The Bundle itself is charged as a request, beside its entries. */
  private async answerBatch(
    client: Client,
    environment: Environment,
    interaction: BatchInteraction,
    request: FastifyRequest,
  ): Promise<Answer> {
    const { fairness, addresses } = this.options;
    const { fhirBaseUrl } = addresses[environment];
    await this.admission.identifyBatch(client, environment, request);
    const body = bundleBody(request.headers, request.body);
    let entries: EntryRequest[] = [];
    const charged = await fairness.run(client.caller!, body?.length ?? 0, () => {
      entries = readBatch(body, fhirBaseUrl);
      return Promise.resolve({ status: 200, headers: {}, body: undefined });
    });
    return fairness.batch(client.caller!, async () => {
      const { answer, type } = await batchAnswer(this, { request, entries, client, fhirBaseUrl });
      interaction.reads = type;
      const all = { ...answer, headers: { ...charged.headers, ...answer.headers } };
      return this.encoded(all, client.caller!, request);
    });
  }

  /** Serves a file of the directory, at the charge of the caller. */
  private answerPublished(
    caller: Caller,
    environment: Environment,
    interaction: PublishedInteraction,
    request: FastifyRequest,
  ): Promise<Answer> {
    const directory = this.options.publishedFolders?.[environment];
    if (directory === undefined) throw new Error(`${environment} serves no files of the directory`);
    const folder = {
      directory,
      isPublic: this.options.openDirectory.isOpen(environment),
      reserveDecompression: () => this.decompressions.reserve(addressOrApp(caller)),
    };
    return this.options.fairness.run(caller, 0, () => publishedAnswer(folder, interaction, request));
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
    const type = typeToAdmit(understood.interaction);
    const isOfToken = type !== undefined || understood.interaction.kind === 'batch';
    if (token && isOfToken && !isRefusal(answer))
      try {
        await this.options.gateway.admit(token, type);
      } catch (error) {
        released = calledAs(understood.contentType, this.failed(error, request));
      }
    this.note(understood, token, released, request);
    return this.withVersionHeaders(understood, released);
  }

  /** Adds the headers about versions of guides that end soon, on answers with content of these versions. */
  private withVersionHeaders({ environment, interaction }: Understood, answer: Answer): Answer {
    if (answer.status >= 400) return answer;
    const type = dataAsked(interaction)?.type;
    if (type === undefined && interaction.kind !== 'capabilities') return answer;
    const headers = this.options.documents[environment].versionHeaders(type, Date.now());
    if (headers !== noHeaders) answer.headers = { ...answer.headers, ...headers };
    return answer;
  }

  /**
   * Counts an answered request. A request with a token is also recorded, for the audit trail and for the
   * app's developer. Nothing is kept about a request without a token.
   */
  private note(
    { environment, interaction, path, startedAt }: Understood,
    token: VerifiedToken | undefined,
    answer: Answer,
    { id: requestId, method }: FastifyRequest,
  ): void {
    const { status, resources = 0 } = answer;
    this.interactions.count(environment, interaction, status);
    if (!token) return;
    const data = dataAsked(interaction);
    const at = Date.now();
    if (data) {
      this.options.access.count(token, { failed: status >= 400, type: data.type, resources }, at);
      this.options.accessLog.add({ at, token, interaction: data, status, resources, requestId });
    }
    // Each entry of a batch is recorded. A batch that fails has no entries.
    const shown = data ?? (interaction.kind === 'batch' && status >= 400 ? interaction : undefined);
    if (!shown) return;
    const duration = performance.now() - startedAt;
    this.options.requestLog.add(environment, token.claims.client_id, () =>
      requestRecord({ environment, interaction: shown, method, path, answer, requestId, duration }),
    );
  }

  /** Turns an error into an answer. */
  failed(error: unknown, request: FastifyRequest): Answer {
    return failedAnswer(error, request, this.options.logger);
  }

  /**
   * Compresses the body of an answer if that pays off. A small body is compressed at once, at the charge of
   * its caller. A large body waits for the turn of its caller.
   */
  private async encoded(
    answer: Answer,
    caller: Caller,
    request: FastifyRequest,
    meter?: Turn['meter'],
  ): Promise<Answer> {
    const accepted = request.headers['accept-encoding'];
    if (accepted === undefined || answer.body === undefined) return answer;
    if (isLarge(answer.body)) return this.options.fairness.compress(caller, () => encoded(answer, accepted));
    meter?.resume();
    const compressed = encoded(answer, accepted);
    meter?.pause();
    return compressed;
  }

  /** Compresses a public document once. Its indented form is compressed for each request. */
  private encodedDocument(document: Answer, query: URLSearchParams, accepted: unknown): Promise<Answer> {
    const shown = pretty(document, lastValue(query, '_pretty'));
    return shown === document ? this.documents.encoded(document, accepted) : encoded(shown, accepted);
  }

  /** Parses environment and interaction. Undefined when host and path are below no FHIR base. */
  private understand(request: FastifyRequest): Understood | undefined {
    const url = request.raw.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const query = mark < 0 ? noParameters : encodedParameters(url.slice(mark + 1));
    const found = findEnvironment(this.options.addresses, request.headers.host ?? '', path);
    if (!found || !this.served.includes(found.environment)) return undefined;
    const interaction = interactionOf(request.method, found.rest, this.options.offered[found.environment]);
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

  private serve(
    caller: Caller,
    access: Access | TokenAccess,
    interaction: DataInteraction,
    understood: Understood,
    request: FastifyRequest,
  ): Promise<Answer> {
    const received = typeof request.body === 'string' ? request.body.length : 0;
    // An entry of a batch has no connection.
    const hasLeft = () => (request.raw as Partial<IncomingMessage>).socket?.destroyed === true;
    const work = async (turn: Turn) => {
      const found = await this.readOrSearch(access, turn, interaction, understood, request);
      const answer =
        interaction.kind === 'read' ? pretty(found, lastValue(understood.query, '_pretty')) : found;
      return this.encoded(answer, caller, request, turn.meter);
    };
    return this.options.fairness.run(caller, received, work, hasLeft);
  }

  private async readOrSearch(
    access: Access | TokenAccess,
    turn: Turn,
    interaction: DataInteraction,
    understood: Understood,
    request: FastifyRequest,
  ): Promise<Answer> {
    const { query, environment } = understood;
    const engine = this.options.engines[environment];
    const consents = isTypeOfGrant(interaction.type) ? this.options.consents[environment] : undefined;
    if (interaction.kind === 'read') {
      const wanted = { ...interaction, access, history: this.options.offered[environment].history };
      if (consents) return consents.read(wanted, request.headers, query);
      if (interaction.isHistory) return historyAnswer(engine, wanted, query, turn);
      if (isBinaryRead(interaction)) return binaryAnswer(engine, wanted, request.headers, query);
      return readAnswer(engine, wanted, request.headers, query);
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
      if (!search) return noDocuments(this.options.addresses[environment].fhirBaseUrl, parameters);
      parameters = search;
    }
    if (interaction.parametersIn === 'form') {
      if (typeof request.body === 'string') engine.refuseTooManyValues(request.body);
      const form = formParameters(request.headers, request.body);
      const format = lastValue(form, '_format') ?? lastValue(query, '_format');
      understood.contentType = contentTypeFor(request.headers.accept, format);
      parameters.push(...form);
    }
    const { type, compartment } = interaction;
    const search = { type, compartment, parameters, access, handling: handlingOf(request.headers.prefer) };
    return consents ? consents.search(search) : searchAnswer(engine, { ...search, turn });
  }

  private servePublic(
    environment: Environment,
    interaction: Exclude<Interaction, { kind: 'read' | 'search' | 'published' | 'batch' }>,
  ): Answer {
    if (interaction.kind === 'options')
      return { status: 204, headers: { allow: interaction.allow, ...preflightHeaders }, body: undefined };
    const documents = this.options.documents[environment];
    if (interaction.kind === 'brands') return documents.brands;
    return interaction.kind === 'capabilities' ? documents.capabilities : documents.smartConfiguration;
  }
}

/** Whether the client has the public document already. */
const hasCopy = (headers: IncomingHttpHeaders, { headers: { etag } }: Answer): boolean =>
  etag !== undefined && isUnchanged(headers, etag, '');

/** Whether the client caused the refusal (HTTP status 4xx). */
function isOfClient(error: unknown): boolean {
  return error instanceof FhirError && error.status >= 400 && error.status < 500;
}

/** Whether the answer contains no data because the token was refused or could not be checked. */
function isRefusal({ status }: Answer): boolean {
  return status === 401 || status === 403 || status === 503;
}

function calledAs(contentType: string, answer: Answer): Answer {
  if (contentType !== fhirJson && answer.headers['content-type'] === fhirJson)
    answer.headers = { ...answer.headers, 'content-type': contentType };
  return answer;
}
