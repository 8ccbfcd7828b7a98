/**
 * The compared form of a reference: absolute URLs of this server become relative, and versions are removed
 * (FHIR R4 §3.1.1.4.12).
 */
export function localReference(reference: string, baseUrl: string): string {
  const relative = reference.startsWith(`${baseUrl}/`) ? reference.slice(baseUrl.length + 1) : reference;
  return relative.replace(/\/_history\/[^/]+$/, '');
}

/** Whether a reference names a resource by type and id. */
export const isTypeAndId = (reference: string): boolean =>
  /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/.test(reference);

/** Whether the `url` of an attachment names a Binary of this server. */
export const isBinary = (url: string): boolean => url.startsWith('Binary/') && isTypeAndId(url);
