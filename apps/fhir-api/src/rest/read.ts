import type { IncomingHttpHeaders } from 'node:http';
import {
  badParameter,
  elementNames,
  type Access,
  type Repository,
  type StoredResource,
  subset,
  summaries,
  type Summary,
  take,
} from '@payer/fhir-store';
import { type Answer, fhirJson, revalidate } from '../answer.js';
import { Refusal } from '../gateway/refusal.js';
import { isUnchanged } from './conditional-request.js';
import { lastValue } from './parameters.js';

/**
 * `read` (FHIR R4 §3.1.0.2) returns the stored resource with its version as a weak ETag. `vread` (§3.1.0.3)
 * returns the current version, and an earlier one where they are kept (`history`).
 * @param query `_summary` and `_elements` select a part of the resource (FHIR R4 §3.1.0.2.3)
 * @throws Refusal 404 when the resource does not exist or is not visible to the reader, without telling the
 * two cases apart; 410 when it was visible and has been deleted
 */
export async function readAnswer(
  engine: Repository,
  wanted: { type: string; id: string; version?: string; access: Access; history?: boolean | undefined },
  headers: IncomingHttpHeaders,
  query: URLSearchParams,
): Promise<Answer> {
  const { type, id, version = '', access, history = false } = wanted;
  const part = partAsked(type, query);
  const found =
    history && isVersion(version)
      ? await engine.readVersion({ type, id, version: Number(version), access })
      : await engine.read({ type, id, access });
  if (history && version !== '' && found?.versionId !== version)
    throw await versionNotThere(engine, { type, id, version, access });
  if (!found) throw await notThere(engine, { type, id, access });
  if (version !== '' && version !== found.versionId) throw otherVersion(type, id, found.versionId);
  return answerRead(found, headers, () => {
    const json = take(found, 'json');
    return part ? subset(type, json, part) : json;
  });
}

/** The answer of a read, or 304 when the client has this version. */
export function answerRead(
  { versionId, lastUpdated }: Pick<StoredResource, 'versionId' | 'lastUpdated'>,
  headers: IncomingHttpHeaders,
  body: () => StoredResource['json'],
): Answer {
  const etag = `W/"${versionId}"`;
  const lastModified = new Date(lastUpdated).toUTCString();
  const validators = { etag, 'last-modified': lastModified, 'cache-control': revalidate };
  if (isUnchanged(headers, etag, lastModified)) return { status: 304, headers: validators, body: undefined };
  return { status: 200, headers: { 'content-type': fhirJson, ...validators }, body: body(), resources: 1 };
}

/** 410 for a resource that the reader could see before it was deleted, else 404. */
export async function notThere(
  engine: Repository,
  wanted: { type: string; id: string; access: Access },
): Promise<Refusal> {
  const { type, id, access } = wanted;
  return (await engine.isDeleted(wanted)) ? deleted(type, id) : notFound(type, id, access);
}

/** Whether a text can be a version of this server. */
const isVersion = (text: string): boolean => /^[1-9]\d{0,8}$/.test(text);

/** 404 for a version that is not kept, of a resource that the reader sees. */
async function versionNotThere(
  engine: Repository,
  { version, ...wanted }: { type: string; id: string; version: string; access: Access },
): Promise<Refusal> {
  const { type, id } = wanted;
  if (!(await engine.read(wanted))) return notThere(engine, wanted);
  return new Refusal({
    status: 404,
    issueCode: 'not-found',
    text: `There is no version ${version} of ${type}/${id} that this token may read. ${type}/${id}/_history lists the versions.`,
  });
}

/** Tells nobody whether a resource exists that the token may not read. */
export const notFound = (type: string, id: string, { patient }: Access) =>
  new Refusal({
    status: 404,
    issueCode: 'not-found',
    text: `There is no ${type}/${id} ${patient === undefined ? 'in the directory' : 'that this token may read'}.`,
  });

/** FHIR R4 §3.1.0.3: 404 with an explanation, if earlier versions are not supported. */
export const otherVersion = (type: string, id: string, current: string) =>
  new Refusal({
    status: 404,
    issueCode: 'not-supported',
    text: `Earlier versions are not kept: of ${type}/${id} there is only ${current}, the current one.`,
  });

const deleted = (type: string, id: string) =>
  new Refusal({ status: 410, issueCode: 'deleted', text: `${type}/${id} was deleted.` });

export function partAsked(
  type: string,
  query: URLSearchParams,
): { summary: Summary; elements: string[] | undefined } | undefined {
  // Fast path: most reads have no query.
  if (query.size === 0) return undefined;
  const summary = lastValue(query, '_summary') ?? 'false';
  const elements = lastValue(query, '_elements');
  if (!summaries.includes(summary as Summary) || summary === 'count')
    throw badParameter('_summary', `must be one of true, text, data, false, not "${summary}"`);
  if (summary === 'false' && !elements) return undefined;
  return {
    summary: summary as Summary,
    elements: elements ? elementNames(type, elements) : undefined,
  };
}
