/**
 * The WebAuthn library. It loads 300 modules, most of them for ASN.1, so a service loads it with the first
 * request that is about a passkey, and starts without it.
 */
export const webauthn = () => import('@simplewebauthn/server');
