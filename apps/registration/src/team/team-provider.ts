import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, Sealer } from '@payer/service';
import * as client from 'openid-client';
import { z } from 'zod';
import type { Config } from '../config.js';
import { teamRoles, type TeamRole } from '../team-roles/team-roles.js';
import type { TeamProviderRule } from '../team-provider-rule.js';

/** State that the browser keeps, sealed, while the person is at the provider. */
const leavingShape = z.object({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  expires: z.number(),
});

/** Seconds that a person may stay at the provider. */
export const leavingLifetime = 15 * 60;
const purpose = 'team sign-in';

/** A person as the provider names them. */
export interface ProvidedPerson {
  issuer: string;
  subject: string;
  name: string;
  email: string;
  /** Roles of the person's groups. Empty when no group has a role. */
  roles: TeamRole[];
}

/** Signs the platform team in at the plan's provider: OpenID Connect, code with PKCE, `state` and `nonce`. */
@Injectable()
export class TeamProvider {
  private readonly sealer: Sealer;
  private configuration: Promise<client.Configuration> | undefined;

  constructor(@Inject(CONFIG) private readonly config: Config) {
    this.sealer = new Sealer(config.PORTAL_SEALING_KEY);
  }

  get rule(): TeamProviderRule | undefined {
    return this.config.PLATFORM_PROVIDER;
  }

  get redirectUri(): string {
    return `${this.config.REGISTRATION_URL}/platform/sign-in/callback`;
  }

  /**
   * @returns the URL for the browser, and the state for its cookie
   * @throws Error when the provider's discovery does not answer
   */
  async leave(rule: TeamProviderRule): Promise<{ location: string; kept: string }> {
    const leaving = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
      expires: Date.now() + leavingLifetime * 1000,
    };
    const url = client.buildAuthorizationUrl(await this.discovered(rule), {
      redirect_uri: this.redirectUri,
      scope: rule.scope,
      state: leaving.state,
      nonce: leaving.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(leaving.verifier),
      code_challenge_method: 'S256',
    });
    return { location: url.href, kept: this.sealer.seal(JSON.stringify(leaving), purpose) };
  }

  /**
   * Redeems the provider's answer.
   * @param query of the callback
   * @param kept from {@link leave}
   * @throws Error when the answer does not match the state of this browser, or when its id_token is invalid
   */
  async comeBack(rule: TeamProviderRule, query: string, kept: string): Promise<ProvidedPerson> {
    const leaving = leavingShape.parse(JSON.parse(this.sealer.open(kept, purpose)));
    if (leaving.expires < Date.now()) throw new Error('the sign-in took too long');
    const tokens = await client.authorizationCodeGrant(
      await this.discovered(rule),
      new URL(`${this.redirectUri}?${query}`),
      {
        expectedState: leaving.state,
        expectedNonce: leaving.nonce,
        pkceCodeVerifier: leaving.verifier,
        idTokenExpected: true,
      },
    );
    const claims = tokens.claims();
    const email = z.email().max(254).safeParse(claims?.email);
    if (!claims || !email.success) throw new Error('the id_token has no email');
    if (claims.email_verified === false) throw new Error('the provider has not verified the email');
    return {
      issuer: rule.issuer,
      subject: claims.sub,
      email: email.data,
      name: typeof claims.name === 'string' && claims.name.trim() ? claims.name.slice(0, 100) : email.data,
      roles: rolesOf(rule, claims[rule.roles_claim]),
    };
  }

  /** The provider's metadata, read once. After a failure the next sign-in tries again. */
  private discovered(rule: TeamProviderRule): Promise<client.Configuration> {
    if (this.configuration) return this.configuration;
    const isLocal = rule.issuer.startsWith('http:');
    const made = client.discovery(
      new URL(rule.issuer),
      rule.client_id,
      undefined,
      rule.client_secret ? client.ClientSecretBasic(rule.client_secret) : client.None(),
      {
        // Also verifies the signature of the id_token. The TLS connection to the provider alone is not
        // enough.
        execute: [client.enableNonRepudiationChecks, ...(isLocal ? [client.allowInsecureRequests] : [])],
      },
    );
    made.catch(() => (this.configuration = undefined));
    this.configuration = made;
    return made;
  }
}

function rolesOf(rule: TeamProviderRule, claim: unknown): TeamRole[] {
  const groups = [claim].flat().map(String);
  return teamRoles.filter((role) =>
    groups.some((group) => Object.hasOwn(rule.roles, group) && rule.roles[group] === role),
  );
}
