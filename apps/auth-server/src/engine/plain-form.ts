import type { IncomingMessage } from 'node:http';
import { parse } from 'node:querystring';

/** The most bytes of a plain form. The longest is a refresh with its credentials in the header. */
const longestForm = 2048;

const formType = /^application\/x-www-form-urlencoded(; ?charset=utf-8)?$/i;

/** Letters and digits need no decoding, and the ids and secrets of apps consist of them. */
const plainCredentials = /^([A-Za-z0-9_-]{1,100}):([A-Za-z0-9_-]{1,200})$/;

/** Headers that change how a token request is answered. */
const decidingHeaders = [
  'origin',
  'dpop',
  'oauth-client-attestation',
  'oauth-client-attestation-pop',
] as const;

/** The parameters of a plain form, by grant type. */
const parameters: Record<string, readonly string[]> = {
  client_credentials: ['grant_type', 'scope'],
  refresh_token: ['grant_type', 'refresh_token'],
};

/** A token request in its usual form: Basic authentication, and each parameter of its grant type once. */
export interface PlainForm {
  clientId: string;
  secret: string;
  grantType: string;
  /** `scope` of client credentials, `refresh_token` of a refresh. */
  value: string;
}

/** Whether the head of a token request may belong to a plain form, so that its body is worth reading. */
export function mayBePlain({ method, headers, url }: IncomingMessage): boolean {
  const length = Number(headers['content-length'] ?? NaN);
  return (
    method === 'POST' &&
    length <= longestForm &&
    !url?.includes('?') &&
    formType.test(headers['content-type'] ?? '') &&
    headers.authorization !== undefined &&
    decidingHeaders.every((name) => headers[name] === undefined)
  );
}

/**
 * Reads the body of a request.
 * @throws Error when the connection ends before the body
 */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.on('error', reject);
    request.on('close', () => reject(new Error('the connection ended before the request')));
  });
}

/** Lets the engine read a body that was already read. The engine reads by these two members. */
export function giveBack(request: IncomingMessage, body: Buffer): void {
  Object.defineProperties(request, {
    readable: { value: true },
    iterator: { value: () => [body] },
  });
}

/** @returns undefined for every other form, which the engine reads and answers */
export function plainForm(authorization: string | undefined, body: Buffer): PlainForm | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2})$/.exec(authorization ?? '')?.[1];
  const credentials = plainCredentials.exec(Buffer.from(encoded ?? '', 'base64').toString('latin1'));
  if (!credentials) return undefined;
  const form = parse(body.toString('latin1'));
  const { grant_type: grantType } = form;
  if (typeof grantType !== 'string' || !Object.hasOwn(parameters, grantType)) return undefined;
  const names = parameters[grantType]!;
  if (Object.keys(form).length !== names.length) return undefined;
  const value = form[names[1]!];
  if (typeof value !== 'string' || !/^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(value)) return undefined;
  return { clientId: credentials[1]!, secret: credentials[2]!, grantType, value };
}
