import { environments, type AccessTokenClaims, type Environment, type FactOwner } from '@payer/smart';
import type { PlanAccess } from './plan-access.js';
import type { App } from '../apps/apps.js';
import type { RevocableToken } from '../revocations/revocations.js';
import { fingerprint, revocationKey } from '../revocations/fingerprint.js';

/** The same for all tokens of an environment. */
const everyToken = Object.fromEntries(
  environments.map((name) => [name, fingerprint(revocationKey.everyToken(name))]),
) as Record<Environment, Uint32Array>;

/** The app, the token itself, and the member's grant where there is one. */
const ofSystems: readonly FactOwner[] = ['registration', 'auth-server'];
const ofPatients: readonly FactOwner[] = [...ofSystems, 'consent'];

/** An access token whose signature and claims hold; what else it needs changes with time and is checked on every request. */
export class VerifiedToken implements RevocableToken {
  readonly grantFingerprint: Uint32Array | undefined;
  readonly tokenFingerprint: Uint32Array;
  readonly environmentFingerprint: Uint32Array;
  readonly issuedAt: number;
  /** The state of the app this token was admitted under; another state means: check again. */
  admittedUnder: App | undefined;
  /** What the app's plan lets the token read; set when admitted. */
  access: PlanAccess | undefined;
  comparedWith = -1;
  isRevoked = false;
  /** Owners of the facts that decide whether the token may be used. */
  readonly dependsOn: readonly FactOwner[];
  /** Until when (milliseconds, {@link performance}) consent's word about the grant counts; see {@link Gateway}. */
  confirmedUntil = -Infinity;
  /** `client_id:grant_id`, a hyphen where there is no grant: whom an access is counted for. */
  readonly accessKey: string;

  constructor(
    readonly environment: Environment,
    readonly claims: AccessTokenClaims,
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
