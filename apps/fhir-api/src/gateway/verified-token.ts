import type { AccessTokenClaims, Environment } from '@payer/smart';
import type { Reader } from '../reader.js';
import type { App } from '../apps/apps.js';
import type { RevocableToken } from '../revocations/revocations.js';
import { fingerprint, revocationKey } from '../revocations/fingerprint.js';

/** An access token whose signature and claims hold; what else it needs changes with time and is checked on every request. */
export class VerifiedToken implements RevocableToken {
  readonly grantFingerprint: Uint32Array | undefined;
  readonly tokenFingerprint: Uint32Array;
  readonly issuedAt: number;
  /** The state of the app this token was admitted under; another state means: check again. */
  admittedUnder: App | undefined;
  /** What the app's plan lets the token read; set when admitted. */
  reader: Reader | undefined;
  comparedWith = -1;
  isRevoked = false;
  /** `client_id:grant_id`, a hyphen where there is no grant: whom an access is counted for. */
  readonly accessKey: string;

  constructor(
    readonly environment: Environment,
    readonly claims: AccessTokenClaims,
  ) {
    const { client_id, grant_id, jti, iat } = claims;
    this.issuedAt = iat;
    this.tokenFingerprint = fingerprint(revocationKey.token(environment, jti));
    this.grantFingerprint = grant_id ? fingerprint(revocationKey.grant(environment, grant_id)) : undefined;
    this.accessKey = `${client_id}:${grant_id ?? '-'}`;
  }
}
