import { fetchBytes, OutboundTarget, type TargetRules } from '@payer/service';

export interface Logo {
  contentType: string;
  bytes: Buffer;
}

/** The most bytes of a logo. */
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

/** Logos lead to public addresses only, never into the plan's network. */
const publicOnly = new OutboundTarget({}, false, '/logo.png');

/**
 * Loads an app's logo once, so that a member's browser never calls the app's host.
 * @param target the rules of the address, and `ca` a certificate authority (tests)
 * @throws Error when the logo is not https, not public, not found, too large, too slow, or not an image
 */
export async function fetchLogo(
  uri: string,
  { target = publicOnly, ca }: { target?: TargetRules; ca?: string } = {},
): Promise<Logo> {
  const options = { accept: 'image/*', timeout: patience, maxBytes, ...(ca ? { ca } : {}) };
  const { bytes } = await fetchBytes(target, uri, options);
  const contentType = contentTypeOf(bytes);
  if (!contentType) throw new Error('the logo is no PNG, JPEG, GIF or WebP picture');
  return { contentType, bytes };
}
