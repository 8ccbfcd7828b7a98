import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, readRows } from '@payer/service';
import { appOfToken, tokenFault, type AccessTokenClaims, type Environment } from '@payer/smart';
import { DataSource } from 'typeorm';
import { whyGrantTypeNotAllowed } from '../clients/app-rules.js';
import { Apps } from '../clients/apps.js';
import type { Config } from '../config.js';
import { grantHasEnded } from '../grants/revoke-grant.js';
import { Keys } from '../keys/keys.js';
import { Members } from '../members/members.js';
import { EventFreshness } from '../event-freshness.js';
import { patientClaims } from '../engine/claims.js';
import type { GrantChoices } from '../engine/patched-models.js';
import { Providers } from '../engine/providers.js';
import { Representations } from '../representation/representations.js';
import { verifyAccessToken } from './verify-access-token.js';

/** A valid token, with the data for introspection (RFC 7662 §2.2). */
export type LiveToken = (
  | { kind: 'access_token'; claims: AccessTokenClaims & { token_type: 'DPoP' | 'Bearer' } }
  | { kind: 'refresh_token'; claims: Record<string, unknown> }
) & {
  clientId: string;
  grantId: string | undefined;
  jti: string;
  expiresAt: number;
  /** The version of the app that the database has; absent when the token was found without it. */
  appVersion?: number | undefined;
  /** Whether a refresh token was replaced by its successor: it can revoke its grant, and nothing else. */
  isRotated?: boolean;
};

/** Finds out whether a token is valid: its signature and dates, its grant, its app, and the revocations. */
@Injectable()
export class FindToken {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly source: DataSource,
    private readonly apps: Apps,
    private readonly freshness: EventFreshness,
    private readonly members: Members,
    private readonly representations: Representations,
    private readonly keys: Keys,
    private readonly providers: Providers,
  ) {}

  /** Finds a token that its app may use now. */
  async find(environment: Environment, token: string): Promise<LiveToken | undefined> {
    const issued = await this.findIssued(environment, token);
    return issued && (await this.isUsable(environment, issued)) ? issued : undefined;
  }

  /**
   * Finds a token that has neither expired nor been revoked, even if its app may not use it now. A suspended
   * app can revoke its tokens (RFC 7009 §2.1). Otherwise they would be valid again after the app's
   * reinstatement. A rotated refresh token is found, too: an app that lost the answer to a refresh can still
   * revoke its grant.
   */
  async findIssued(environment: Environment, token: string): Promise<LiveToken | undefined> {
    return (await this.accessToken(environment, token)) ?? (await this.refreshToken(environment, token));
  }

  private async isUsable(environment: Environment, token: LiveToken): Promise<boolean> {
    if (token.isRotated) return false;
    const app = await this.apps.readVersion(token.clientId, token.appVersion);
    if (!app) return false;
    // An access token is active as long as the FHIR API takes it. A refresh token depends on the grant, which
    // outlives a suspension and a switch to tokens that are bound to a key.
    return token.kind === 'access_token'
      ? tokenFault({ environment, claims: token.claims }, appOfToken(app)) === undefined
      : whyGrantTypeNotAllowed(app, environment, 'refresh_token') === undefined;
  }

  private async accessToken(environment: Environment, token: string): Promise<LiveToken | undefined> {
    const claims = await verifyAccessToken(this.keys, this.config.addresses[environment], token);
    if (!claims) return undefined;
    await this.freshness.catchUp();
    const { isRevoked, appVersion } = await stateOfToken(this.source, environment, claims);
    if (isRevoked) return undefined;
    return {
      appVersion,
      kind: 'access_token',
      clientId: claims.client_id,
      grantId: claims.grant_id,
      jti: claims.jti,
      expiresAt: claims.exp,
      claims: { ...claims, token_type: claims.cnf ? 'DPoP' : 'Bearer' },
    };
  }

  private async refreshToken(environment: Environment, value: string): Promise<LiveToken | undefined> {
    const token = await this.providers.of(environment).RefreshToken.find(value);
    if (!token || token.isExpired || !token.grantId) return undefined;
    // The tokens of an ended grant are kept for the reason of its end.
    if (await grantHasEnded(this.source, token.grantId)) return undefined;
    const clientId = String(token.clientId);
    const member = await this.members.find(environment, String(token.accountId));
    const grant = (await this.providers.of(environment).Grant.find(token.grantId)) as
      GrantChoices | undefined;
    if (!member || !grant || !(await this.representations.mayUse(environment, member, grant)))
      return undefined;
    const { issuer, fhirBaseUrl } = this.config.addresses[environment];
    return {
      kind: 'refresh_token',
      clientId,
      grantId: token.grantId,
      jti: value,
      expiresAt: Number(token.exp),
      isRotated: !token.isValid,
      claims: {
        iss: issuer,
        sub: member.sub,
        client_id: clientId,
        scope: token.scope,
        iat: token.iat,
        exp: token.exp,
        ...patientClaims({ fhirBaseUrl }, member, grant),
        grant_id: token.grantId,
      },
    };
  }
}

/**
 * In one statement: whether an access token, its grant, or all tokens of its environment up to its instant
 * were revoked, and the version of its app (undefined for an unknown app).
 */
async function stateOfToken(
  source: DataSource,
  environment: Environment,
  { jti, grant_id, iat, client_id }: AccessTokenClaims,
): Promise<{ isRevoked: boolean; appVersion: number | undefined }> {
  const [row] = await readRows<{ revoked: boolean; version: number | null }>(
    source,
    'token-state',
    `SELECT EXISTS (SELECT 1 FROM ended_grant WHERE grant_id = $1)
         OR EXISTS (SELECT 1 FROM revoked_token WHERE jti = $2)
         OR EXISTS (SELECT 1 FROM environment_revocation
                    WHERE environment = $3 AND issued_before >= to_timestamp($4)) AS revoked,
       (SELECT version::float8 FROM app_model WHERE client_id = $5) AS version`,
    [grant_id ?? null, jti, environment, iat, client_id],
  );
  return { isRevoked: row!.revoked, appVersion: row!.version ?? undefined };
}
