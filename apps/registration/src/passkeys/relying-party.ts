/** The portal as a WebAuthn relying party. */
export interface RelyingParty {
  /** Origin of the portal's pages. The browser signs it. */
  origin: string;
  /** Host name of the portal. A passkey works for this name only (WebAuthn §5.1.2). */
  id: string;
}

/** @param portalUrl REGISTRATION_URL */
export function relyingPartyOf(portalUrl: string): RelyingParty {
  const { origin, hostname } = new URL(portalUrl);
  return { origin, id: hostname };
}
