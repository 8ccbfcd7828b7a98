import { hash } from 'node:crypto';
import { storable } from '../index/columns.js';
import { isTypeAndId, localReference } from '../index/references.js';
import { membersOf } from '../json/scan.js';
import { isInstant, validId } from './prepare.js';
import { refusal, type Refusal } from './refusal.js';
import { storedText } from './stored-text.js';

type Json = Record<string, unknown>;

/** A checked Binary. */
export interface PreparedBinary {
  id: string;
  /** `meta.lastUpdated` of the given resource (ISO 8601); undefined when it has none. */
  lastUpdated: string | undefined;
  contentType: string;
  /** `Type/id` of the resource whose readers may read the Binary. */
  securityContext: string | null;
  /** `system|code` of each label in `meta.security`. */
  labels: string[];
  /** The JSON up to the version, and from behind the time of the last update, without `data`. */
  head: string;
  tail: string;
  content: Buffer;
  sha256: string;
}

/** A media type with parameters (RFC 9110 §8.3.1): it becomes the header `Content-Type`. */
const mediaType =
  /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+(\s*;\s*[\w!#$%&'*+.^`|~-]+=("[^"\\\r\n]*"|[\w!#$%&'*+.^`|~-]+))*$/;
const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * Checks a Binary and decodes its content.
 * @param given valid JSON
 * @returns the reason when it cannot be stored
 */
export function prepareBinary(given: string, resource: Json, baseUrl: string): PreparedBinary | Refusal {
  const { id, contentType, data, meta, securityContext } = resource;
  if (typeof id !== 'string' || !validId.test(id))
    return refusal('invalid-id', 'Binary has no valid id (1 to 64 letters, digits, - and .)');
  if (typeof contentType !== 'string' || !mediaType.test(contentType))
    return refusal('structure', `Binary/${id}: contentType is not a media type, such as application/pdf`);
  if (data !== undefined && typeof data !== 'string')
    return refusal('structure', `Binary/${id}: data is not a text`);
  const packed = (data ?? '').replace(/\s+/g, '');
  if (packed.length % 4 !== 0 || !base64.test(packed))
    return refusal('structure', `Binary/${id}: data is not base64`);
  const { lastUpdated, security } = (meta ?? {}) as Json;
  if (lastUpdated !== undefined && !isInstant(lastUpdated))
    return refusal('structure', `Binary/${id}: meta.lastUpdated is not an instant`);
  const context = (securityContext as Json | undefined)?.reference;
  if (securityContext !== undefined && typeof context !== 'string')
    return refusal('structure', `Binary/${id}: securityContext has no reference; nobody could read it`);
  const local = typeof context === 'string' ? localReference(context, baseUrl) : null;
  if (local !== null && !isTypeAndId(local))
    return refusal(
      'structure',
      `Binary/${id}: securityContext "${local}" is not a reference to a resource of this server`,
    );
  const members = membersOf(given);
  if (new Set(members.map(({ key }) => key)).size < members.length)
    return refusal('member-twice', `Binary/${id}: a member is there twice in one object (FHIR R4 §2.6.2)`);
  const others = members.filter(({ key }) => key !== 'data');
  const { head, tail } = storedText(`{${others.map(({ at, end }) => given.slice(at, end)).join(',')}}`);
  const content = Buffer.from(packed, 'base64');
  const contentHash = hash('sha256', content, 'base64url');
  return {
    id,
    lastUpdated: lastUpdated as string | undefined,
    contentType,
    securityContext: local,
    labels: Array.isArray(security)
      ? (security as Json[]).map(({ system, code }) =>
          storable(`${String(system ?? '')}|${String(code ?? '')}`),
        )
      : [],
    head,
    tail,
    content,
    sha256: hash('sha256', `${head}${String(lastUpdated)}${tail}${contentHash}`, 'base64url'),
  };
}
