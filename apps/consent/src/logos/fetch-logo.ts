import { lookup as resolve, type LookupAddress } from 'node:dns';
import { get } from 'node:https';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

export interface Logo {
  contentType: string;
  bytes: Buffer;
}

/** Most bytes of a logo. */
const maxBytes = 200_000;
/** Milliseconds for the whole answer. */
const patience = 5000;

/** Image types by their first bytes. SVG is excluded: it can contain scripts and links. */
const kinds: readonly { contentType: string; matches(bytes: Buffer): boolean }[] = [
  {
    contentType: 'image/png',
    matches: (bytes) => bytes.subarray(0, 8).toString('latin1') === '\x89PNG\r\n\x1a\n',
  },
  { contentType: 'image/jpeg', matches: (bytes) => bytes.subarray(0, 3).toString('hex') === 'ffd8ff' },
  {
    contentType: 'image/gif',
    matches: (bytes) => /^GIF8[79]a/.test(bytes.subarray(0, 6).toString('latin1')),
  },
  {
    contentType: 'image/webp',
    matches: (bytes) => /^RIFF....WEBP/s.test(bytes.subarray(0, 12).toString('latin1')),
  },
];

/** The image type, or undefined for a type that pages do not show. */
export function contentTypeOf(bytes: Buffer): string | undefined {
  return kinds.find((kind) => kind.matches(bytes))?.contentType;
}

/**
 * Whether an IP address is public. A logo must not be loaded from any other (server-side request forgery).
 */
export function isPublicAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast';
}

/** Resolves a name, and refuses it if any of its addresses is not public. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, { ...options, all: true }, (error, found) => {
    const addresses = (found ?? []) as LookupAddress[];
    const hidden = addresses.find(({ address }) => !isPublicAddress(address));
    if (error || hidden || !addresses[0])
      return callback(error ?? new Error(`${hostname} has an address that is not public`), '', 0);
    if (options.all) return callback(null, addresses as never);
    return callback(null, addresses[0].address, addresses[0].family);
  });
};

/**
 * Loads an app's logo once, so that a member's browser never calls the app's host.
 * @param ca additional certificate authority (tests); `lookup` replaces the public lookup (tests)
 * @throws Error when the logo is not https, not public, not found, too large, too slow, or not an image
 */
export async function fetchLogo(
  uri: string,
  { ca, lookup = publicLookup }: { ca?: string; lookup?: LookupFunction } = {},
): Promise<Logo> {
  const url = new URL(uri);
  if (url.protocol !== 'https:') throw new Error('a logo must be at an https address');
  // A literal address is connected to without a lookup.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (ipaddr.isValid(host) && !isPublicAddress(host)) throw new Error(`${host} is not a public address`);
  const bytes = await new Promise<Buffer>((done, fail) => {
    const request = get(url, { lookup, ca, signal: AbortSignal.timeout(patience) }, (response) => {
      if (response.statusCode !== 200)
        return request.destroy(new Error(`the address of the logo answers ${response.statusCode}`));
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > maxBytes) request.destroy(new Error(`the logo is larger than ${maxBytes} bytes`));
        else chunks.push(chunk);
      });
      response.on('end', () => done(Buffer.concat(chunks)));
      response.on('error', fail);
    });
    request.on('error', fail);
  });
  const contentType = contentTypeOf(bytes);
  if (!contentType) throw new Error('the logo is no PNG, JPEG, GIF or WebP picture');
  return { contentType, bytes };
}
