import type { FastifyRequest } from 'fastify';
import { type Answer, fhirJson, neverStored } from '../answer.js';
import { Refusal } from '../gateway/refusal.js';
import type { Client } from './admission.js';
import { answerOf } from './error-answer.js';
import type { PreparedAnswer } from './fhir-server.js';
import type { EntryRequest } from './batch-request.js';
import { batchResponse, type EntryAnswer } from './batch-response.js';

/**
 * Most bytes of answers in one batch, which is in memory until it is sent. An answer that would exceed them
 * is dropped, and no further entry is answered.
 */
const maxBytes = 8_388_608;

/** Header fields of an entry's answer that the answer of the batch has, too: those of the last entry. */
const limitHeaders = ['ratelimit', 'ratelimit-policy', 'retry-after'];
/** Header fields about a version of a guide that ends soon. An entry of a Bundle has no place for them. */
const versionHeaders = ['deprecation', 'sunset', 'link'];

/** How a server answers one request. */
export interface EntryServer {
  answer(request: FastifyRequest, client: Client): Promise<PreparedAnswer>;
  release(request: FastifyRequest, prepared: PreparedAnswer): Promise<Answer>;
}

export interface Batch {
  /** The POST that carries the batch. */
  request: FastifyRequest;
  entries: readonly EntryRequest[];
  client: Client;
  fhirBaseUrl: string;
}

/**
 * Answers the entries of a batch one after the other (FHIR R4 §3.1.0.11). Each entry passes through the
 * server as a separate request: with the same rights, limits, costs and records. A token that is refused
 * refuses the batch.
 * @returns the answer, and a resource type of which it has data
 */
export async function batchAnswer(
  server: EntryServer,
  batch: Batch,
): Promise<{ answer: Answer; type: string | undefined }> {
  const headers: Record<string, string> = { 'content-type': fhirJson, 'cache-control': neverStored };
  const answers: EntryAnswer[] = [];
  let bytes = 0;
  let type: string | undefined;
  for (const entry of batch.entries) {
    if (batch.request.raw.socket.destroyed) break;
    const made = bytes > maxBytes ? undefined : await answerEntry(server, entry, batch);
    bytes += made?.answer.body?.length ?? 0;
    const answered = made && bytes <= maxBytes ? made : refused(tooMuch());
    const { answer } = answered;
    if (answer.status === 401 && batch.client.token) return { answer, type: undefined };
    for (const name of limitHeaders) if (answer.headers[name]) headers[name] = answer.headers[name];
    if (endsBefore(answer.headers.sunset, headers.sunset))
      for (const name of versionHeaders) if (answer.headers[name]) headers[name] = answer.headers[name];
    if (answer.status < 400) type = answered.type ?? type;
    answers.push(answered);
  }
  return { answer: { status: 200, headers, body: batchResponse(answers) }, type };
}

/** Whether the first of two HTTP dates is there and is the earlier one. */
const endsBefore = (one: string | undefined, other: string | undefined): boolean =>
  one !== undefined && (other === undefined || Date.parse(one) < Date.parse(other));

type AnsweredEntry = EntryAnswer & { type?: string | undefined };

const refused = (refusal: Refusal): AnsweredEntry => ({ answer: answerOf(refusal) });

async function answerEntry(
  server: EntryServer,
  entry: EntryRequest,
  { request, client, fhirBaseUrl }: Batch,
): Promise<AnsweredEntry> {
  if ('refusal' in entry) return refused(entry.refusal);
  const own = entryRequest(request, entry, fhirBaseUrl);
  const prepared = await server.answer(own, { token: client.token, isEntry: true });
  const answer = await server.release(own, prepared);
  const interaction = prepared.understood?.interaction;
  if (interaction?.kind !== 'read' || answer.status !== 200)
    return { answer, type: interaction?.kind === 'search' ? interaction.type : undefined };
  const { type, id } = interaction;
  if (interaction.isHistory) return { answer, type };
  return { answer, type, fullUrl: `${fhirBaseUrl}/${type}/${id}` };
}

/**
 * The request of an entry: the POST's sender and preferences, the entry's path and conditions. The answer is
 * neither compressed nor in another format, because it becomes a part of the Bundle.
 */
function entryRequest(
  request: FastifyRequest,
  { url, headers }: Exclude<EntryRequest, { refusal: Refusal }>,
  fhirBaseUrl: string,
): FastifyRequest {
  const { host, authorization, prefer } = request.headers;
  const target = `${new URL(fhirBaseUrl).pathname.replace(/\/$/, '')}${url}`;
  return {
    id: request.id,
    ip: request.ip,
    method: 'GET',
    url: target,
    raw: { url: target },
    headers: {
      host,
      ...(authorization === undefined ? {} : { authorization }),
      ...(prefer === undefined ? {} : { prefer }),
      accept: fhirJson,
      ...headers,
    },
    body: undefined,
  } as unknown as FastifyRequest;
}

const tooMuch = () =>
  new Refusal({
    status: 413,
    issueCode: 'too-costly',
    text: `The answers up to this entry have more than ${maxBytes / 1_048_576} MiB. Send the rest in another batch, or ask for less.`,
  });
