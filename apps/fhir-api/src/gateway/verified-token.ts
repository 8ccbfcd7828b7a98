import { environments, type AccessTokenClaims, type Environment, type FactOwner } from '@payer/smart';
import type { RevocableToken } from '../revocations/revocations.js';
import { fingerprint, revocationKey } from '../revocations/fingerprint.js';

/** One fingerprint for all tokens of an environment. */
const everyToken = Object.fromEntries(
  environments.map((name) => [name, fingerprint(revocationKey.everyToken(name))]),
) as Record<Environment, Uint32Array>;

/** Owners of the facts about the app and the token, and about the grant of a member. */
const ofSystems: readonly FactOwner[] = ['registration', 'auth-server'];
const ofPatients: readonly FactOwner[] = [...ofSystems, 'consent'];

/**
 * An access token with verified signature and claims; it never changes. Its other conditions change with
 * time: every request checks them.
 */
export class VerifiedToken implements RevocableToken {
  readonly grantFingerprint: Uint32Array | undefined;
  readonly tokenFingerprint: Uint32Array;
  readonly environmentFingerprint: Uint32Array;
  readonly issuedAt: number;
  /** Owners of the facts that decide whether the token may be used. */
  readonly dependsOn: readonly FactOwner[];
  /** `client_id:grant_id`, with a hyphen for no grant. Accesses are counted by this key. */
  readonly accessKey: string;

  constructor(
    readonly environment: Environment,
    readonly claims: AccessTokenClaims,
    /** Id of the key that signed it (`kid`, RFC 7515 §4.1.4). */
    readonly keyId?: string,
  ) {
    const { client_id, grant_id, jti, iat } = claims;
    this.issuedAt = iat;
    this.environmentFingerprint = everyToken[environment];
    this.dependsOn = grant_id ? ofPatients : ofSystems;
    this.tokenFingerprint = fingerprint(revocationKey.token(environment, jti));
    this.grantFingerprint = grant_id ? fingerprint(revocationKey.grant(environment, grant_id)) : undefined;
    this.accessKey = `${client_id}:${grant_id ?? '-'}`;
  }
}
