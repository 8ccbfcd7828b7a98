import type { IncomingHttpHeaders } from 'node:http';
import { Refusal } from '../gateway/refusal.js';
import { maxBatchEntries } from '../offered.js';
import type { Interaction } from './interaction.js';

/** The request of one entry: a GET, or the refusal that answers the entry. */
export type EntryRequest =
  | { url: string; headers: Pick<IncomingHttpHeaders, 'if-none-match' | 'if-modified-since'> }
  | { refusal: Refusal };

const invalid = (text: string, issueCode = 'invalid') => new Refusal({ status: 400, issueCode, text });

/**
 * Reads a batch Bundle (FHIR R4 §3.1.0.11).
 * @param baseUrl FHIR base URL; an entry may begin with it
 * @throws Refusal 400 for a body that is no batch, 413 for too many entries. A wrong entry is refused in its
 * place and leaves the others alone.
 */
export function readBatch(body: string | undefined, baseUrl: string): EntryRequest[] {
  const { entry } = bundleOf(body);
  if (entry === undefined) return [];
  if (!Array.isArray(entry)) throw invalid('Bundle.entry must be an array.', 'structure');
  if (entry.length > maxBatchEntries)
    throw new Refusal({
      status: 413,
      issueCode: 'too-long',
      text: `A batch may have at most ${maxBatchEntries} entries, and this one has ${entry.length}. Send several batches.`,
    });
  return entry.map((one: unknown) => {
    try {
      return requestOf(one, baseUrl);
    } catch (error) {
      if (error instanceof Refusal) return { refusal: error };
      throw error;
    }
  });
}

/**
 * Refuses an entry whose answer is no FHIR resource, or is streamed.
 * @throws Refusal 400
 */
export function refuseInBatch(interaction: Interaction): void {
  const { kind } = interaction;
  if (kind === 'search' || kind === 'capabilities') return;
  if (kind === 'read' && interaction.type !== 'Binary') return;
  throw invalid(
    'An entry of a batch is a read or a search. A Binary, a file of the directory and the documents below .well-known need separate requests.',
    'not-supported',
  );
}

function bundleOf(body: string | undefined): { entry?: unknown } {
  let bundle: unknown;
  try {
    bundle = JSON.parse(body ?? '');
  } catch {
    throw invalid('The body of a POST to the FHIR base must be a Bundle in JSON.', 'structure');
  }
  if (!isObject(bundle) || bundle.resourceType !== 'Bundle')
    throw invalid('The body of a POST to the FHIR base must be a Bundle.', 'structure');
  if (bundle.type !== 'batch')
    throw invalid(
      `Bundle.type must be "batch"${bundle.type === 'transaction' ? ': transactions are not supported, and nothing can be written' : ''}.`,
      'not-supported',
    );
  return bundle;
}

function requestOf(entry: unknown, baseUrl: string): EntryRequest {
  const request = isObject(entry) ? entry.request : undefined;
  if (!isObject(request)) throw invalid('Each entry of a batch must have a request.', 'required');
  const { method, url, ifNoneMatch, ifModifiedSince } = request;
  if (typeof method !== 'string' || typeof url !== 'string')
    throw invalid('The request of an entry must have a method and a url.', 'required');
  if (method !== 'GET')
    throw new Refusal({
      status: 405,
      issueCode: 'not-supported',
      text: `This API is read-only: an entry of a batch must be a GET, not ${method.slice(0, 20)}.`,
    });
  return {
    url: urlBelow(baseUrl, url),
    headers: {
      ...(typeof ifNoneMatch === 'string' ? { 'if-none-match': ifNoneMatch } : {}),
      ...(typeof ifModifiedSince === 'string' ? { 'if-modified-since': httpDate(ifModifiedSince) } : {}),
    },
  };
}

/**
 * The path and query of an entry below the FHIR base, with a leading slash. "The URL is relative to the root"
 * (FHIR R4, Bundle.entry.request.url).
 * @throws Refusal 400 for the URL of another server
 */
function urlBelow(baseUrl: string, url: string): string {
  const below = url.startsWith(`${baseUrl}/`) ? url.slice(baseUrl.length + 1) : url.replace(/^\/(?!\/)/, '');
  const [path = ''] = below.split('?');
  if (/^[a-z][a-z0-9+.-]*:/i.test(path) || path.startsWith('/'))
    throw invalid(
      `The url of an entry is relative to ${baseUrl}, such as Patient/123 or Observation?code=x.`,
    );
  if (path === '' || /[\s#\\]|^\.\.?(\/|$)|\/\.\.?(\/|$)/.test(path))
    throw invalid('The url of an entry must be the path of a read or a search, percent-encoded.');
  return `/${below.replace(/#.*$/s, '')}`;
}

/**
 * `ifModifiedSince` is a FHIR instant; the header is an HTTP date. An invalid value is ignored as a header
 * is.
 */
function httpDate(instant: string): string {
  const time = Date.parse(instant);
  return Number.isNaN(time) ? instant : new Date(time).toUTCString();
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
