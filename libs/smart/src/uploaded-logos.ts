/** An uploaded logo of an app, named by its content. */
export interface UploadedLogo {
  client_id: string;
  /** SHA-256 of the PNG file, in hex. */
  digest: string;
}

/** Path of an uploaded logo below the portal's URL. */
export const uploadedLogoPath = (clientId: string, digest: string): string =>
  `/logos/${clientId}/${digest}.png`;

/** Path below the internal URL of registration, at which other services read the logo. */
export const internalLogoPath = ({ client_id, digest }: UploadedLogo): string =>
  `/internal/logos/${client_id}/${digest}`;

const uploadedPath = /\/logos\/([A-Za-z0-9]+)\/([0-9a-f]{64})\.png$/;

/** Whether an app's logo was uploaded to a portal, at whichever address the portal was then. */
export const isUploadedLogo = (address: string | null | undefined): boolean =>
  uploadedPath.test(address ?? '');

/**
 * The uploaded logo at an address.
 * @param portalUrl REGISTRATION_URL
 * @returns undefined for an address outside the portal
 */
export function uploadedLogoAt(address: string, portalUrl: string): UploadedLogo | undefined {
  if (!address.startsWith(`${portalUrl}/logos/`)) return undefined;
  const [path, client_id, digest] = uploadedPath.exec(address.slice(portalUrl.length)) ?? [];
  const isWhole = path?.length === address.length - portalUrl.length;
  return isWhole && client_id && digest ? { client_id, digest } : undefined;
}
