import type { IncomingHttpHeaders } from 'node:http';
import type { Engine } from '../engine.js';
import { Refusal } from '../gateway/refusal.js';
import type { Reader } from '../reader.js';
import { revalidate, type Answer } from './answer.js';
import { isUnchanged } from './conditional.js';
import { fhirJson } from './media-type.js';

/**
 * `read` (FHIR R4 §3.1.0.2): the resource as it is stored, with its version as a weak ETag.
 * @throws Refusal 404 when it is not there, or not the reader's: the two are not told apart
 */
export async function readAnswer(
  engine: Engine,
  wanted: { type: string; id: string; reader: Reader },
  headers: IncomingHttpHeaders,
): Promise<Answer> {
  const { type, id, reader } = wanted;
  const found = await engine.read({ type, id, reader });
  if (!found)
    throw new Refusal({
      status: 404,
      issueCode: 'not-found',
      text: `There is no ${type}/${id} that this token may read.`,
    });
  const etag = `W/"${found.versionId}"`;
  const lastModified = new Date(found.lastUpdated).toUTCString();
  const validators = { etag, 'last-modified': lastModified, 'cache-control': revalidate };
  if (isUnchanged(headers, etag, lastModified)) return { status: 304, headers: validators, body: undefined };
  return { status: 200, headers: { 'content-type': fhirJson, ...validators }, body: found.text };
}
