/**
 * The portal's own redirect URI. The sandbox accepts it for every patient-access app, and production for
 * none.
 * @param portalUrl public URL of the portal, without a trailing slash
 */
export const portalRedirectUri = (portalUrl: string) => `${portalUrl}/try-it/callback`;
