/** A service as a WebAuthn relying party. */
export interface RelyingParty {
  /** Origin of the service's pages. The browser signs it. */
  origin: string;
  /** Host name of the service. A passkey works for this name only (WebAuthn §5.1.2). */
  id: string;
}

/** @param publicUrl of the service, from its configuration: anybody can write any `Host` */
export function relyingPartyOf(publicUrl: string): RelyingParty {
  const { origin, hostname } = new URL(publicUrl);
  return { origin, id: hostname };
}
