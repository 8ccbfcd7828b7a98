import type { IncomingHttpHeaders } from 'node:http';
import type { Access, Repository, StoredBinary } from '@payer/fhir-store';
import { typesWithoutSearch } from '@payer/smart';
import { type Answer, revalidate } from '../answer.js';
import { isUnchanged } from './conditional-request.js';
import { lastValue } from './parameters.js';
import { contentTypeFor } from './content-negotiation.js';
import { notThere, otherVersion } from './read.js';
import { Refusal } from '../gateway/refusal.js';

/**
 * Reads a Binary: its content as it is, unless the client asks for FHIR JSON (FHIR R4 §2.42, "serving
 * Binary resources"). The content is streamed part by part.
 * @throws Refusal 404 and 410 as every read, 406 when the client accepts neither the content nor FHIR JSON
 */
export async function binaryAnswer(
  engine: Repository,
  { id, version = '', access }: { id: string; version?: string; access: Access },
  headers: IncomingHttpHeaders,
  query: URLSearchParams,
): Promise<Answer> {
  const type = 'Binary';
  const found = await engine.readBinary({ id, access });
  if (!found) throw await notThere(engine, { type, id, access });
  if (version !== '' && version !== found.versionId) throw otherVersion(type, id, found.versionId);
  const json = jsonAsked(headers.accept, lastValue(query, '_format'), found.contentType);
  // The two representations have different tags: a client may have the other one of the same version.
  const etag = json ? `W/"${found.versionId}"` : `W/"${found.versionId}-content"`;
  const lastModified = new Date(found.lastUpdated).toUTCString();
  const validators = { etag, 'last-modified': lastModified, 'cache-control': revalidate };
  if (isUnchanged(headers, etag, lastModified)) return { status: 304, headers: validators, body: undefined };
  const content = json ? jsonParts(found) : found.content();
  return {
    status: 200,
    headers: {
      'content-type': json ?? found.contentType,
      'content-length': String(json ? jsonLength(found) : found.size),
      // A member's document may hold scripts. It must not run any as a page of this origin.
      ...(json ? {} : { 'content-security-policy': "sandbox; default-src 'none'" }),
      ...validators,
    },
    body: undefined,
    stream: content,
    resources: 1,
  };
}

/** @throws Refusal 404 for a search of Binaries */
export function refuseSearchOfBinaries(type: string): void {
  if (!(typesWithoutSearch as readonly string[]).includes(type)) return;
  throw new Refusal({
    status: 404,
    issueCode: 'not-supported',
    text: `${type} is read by id, ${type}/[id], and not searched: search the resources that reference it, such as DocumentReference.`,
  });
}

/**
 * The content type of a JSON answer, when the client asks for FHIR JSON by name; undefined when it takes the
 * content. `application/json` means FHIR JSON, too, except for content that is itself of this type.
 * @throws Refusal 406
 */
function jsonAsked(
  accept: string | undefined,
  format: string | null,
  contentType: string,
): string | undefined {
  if (format) return contentTypeFor(undefined, format);
  const own = contentType.replace(/\s*;.*$/s, '').toLowerCase();
  const ranges = rangesOf(accept);
  const native = weightOf(ranges, [own, own.replace(/\/.*/, '/*'), '*/*']);
  const named = fhirNames.filter((name) => name !== own);
  const fhir = Math.max(...named.map((name) => weightOf(ranges, [name])));
  if (fhir > 0 && fhir >= native) return contentTypeFor(accept, null);
  if (native > 0) return undefined;
  throw new Refusal({
    status: 406,
    issueCode: 'not-supported',
    text: `Accept: ${accept?.slice(0, 200)} cannot be served: this Binary is ${contentType}, or application/fhir+json.`,
  });
}

const fhirNames = ['application/fhir+json', 'application/json+fhir', 'application/json', 'text/json'];

/** The media ranges of an Accept header with their weights (RFC 9110 §12.5.1). */
function rangesOf(accept: string | undefined): { range: string; weight: number }[] {
  if (!accept?.trim()) return [{ range: '*/*', weight: 1 }];
  return accept.split(',').map((item) => {
    const [range = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
    return { range, weight: Number(weight) || 0 };
  });
}

/** The weight of the first of the names that is among the ranges; 0 when none is. */
const weightOf = (ranges: readonly { range: string; weight: number }[], names: readonly string[]): number =>
  names.map((name) => ranges.find(({ range }) => range === name)).find(Boolean)?.weight ?? 0;

const [dataBegins, dataEnds] = [',"data":"', '"}'];

const jsonLength = ({ json, size }: StoredBinary): number =>
  Buffer.byteLength(json) + (size > 0 ? dataBegins.length + 4 * Math.ceil(size / 3) + dataEnds.length : 1);

async function* jsonParts({ json, size, content }: StoredBinary): AsyncGenerator<Buffer> {
  yield Buffer.from(json + (size > 0 ? dataBegins : '}'));
  if (size === 0) return;
  for await (const part of content()) yield Buffer.from(part.toString('base64'), 'latin1');
  yield Buffer.from(dataEnds);
}
