import * as client from 'openid-client';
import type { Leaving } from '../protocol/leaving.js';
import {
  RefusedAnswer,
  type ProviderSignIn,
  type SignInProtocol,
  type SignInWishes,
} from '../protocol/sign-in-protocol.js';
import type { OpenIdProviderRule } from '../../member-provider-rules/provider-rules.js';
import { verifyLogoutToken, type LogoutToken } from './logout-token.js';

/** Milliseconds after which a provider's metadata are read again. */
const metadataAge = 3600_000;
/** Milliseconds until the next try when they could not be read. */
const retryAfter = 30_000;

/** A provider's metadata, with the moment at which they are read again, in milliseconds since the epoch. */
interface Known {
  configuration: Promise<client.Configuration>;
  renewAt: number;
}

/** Signs members in by OpenID Connect: code with PKCE, `state` and `nonce`. */
export class OpenIdProvider implements SignInProtocol<OpenIdProviderRule> {
  private readonly known = new Map<OpenIdProviderRule, Known>();

  constructor(private readonly redirectUri: (rule: OpenIdProviderRule) => string) {}

  async leave(rule: OpenIdProviderRule, leaving: Leaving, { uiLocales, maxAge, isAgain }: SignInWishes) {
    const { state, nonce, verifier } = leaving;
    const url = client.buildAuthorizationUrl(await this.configuration(rule), {
      redirect_uri: this.redirectUri(rule),
      scope: rule.scope,
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ui_locales: uiLocales,
      ...(rule.acr_values ? { acr_values: rule.acr_values } : {}),
      ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
      ...(isAgain ? { prompt: 'login' } : {}),
    });
    return url.href;
  }

  comeBack(
    rule: OpenIdProviderRule,
    query: string,
    leaving: Leaving,
    maxAge?: number,
  ): Promise<ProviderSignIn> {
    return RefusedAnswer.from(() => this.redeem(rule, query, leaving, maxAge));
  }

  private async redeem(rule: OpenIdProviderRule, query: string, leaving: Leaving, maxAge?: number) {
    const current = new URL(`${this.redirectUri(rule)}?${query}`);
    const tokens = await client.authorizationCodeGrant(await this.configuration(rule), current, {
      expectedState: leaving.state,
      expectedNonce: leaving.nonce,
      pkceCodeVerifier: leaving.verifier,
      idTokenExpected: true,
      ...(maxAge === undefined ? {} : { maxAge }),
    });
    const claims = tokens.claims();
    const subject = claims?.[rule.subject_claim];
    if (typeof subject !== 'string' || subject === '')
      throw new Error(`the id_token has no claim ${rule.subject_claim}`);
    const acr = typeof claims?.acr === 'string' ? claims.acr : undefined;
    if (rule.acr_values && !rule.acr_values.split(' ').includes(acr ?? ''))
      throw new Error(`the sign-in was not of class ${rule.acr_values}`);
    return {
      subject,
      acr,
      authTime: claims?.auth_time,
      amr: Array.isArray(claims?.amr) ? claims.amr.map(String) : undefined,
      session: {
        subject: claims!.sub,
        sid: typeof claims?.sid === 'string' ? claims.sid : undefined,
        hint: tokens.id_token!,
      },
    };
  }

  /**
   * The address that ends the member's session at the provider (OpenID Connect RP-Initiated Logout 1.0 §2).
   * @param returnTo registered at the provider as `post_logout_redirect_uri`
   * @returns undefined when the provider has no such address
   * @throws Error when the provider does not answer
   */
  async endSessionUrl(rule: OpenIdProviderRule, idToken: string, returnTo: string): Promise<URL | undefined> {
    const configuration = await this.configuration(rule);
    if (!configuration.serverMetadata().end_session_endpoint) return undefined;
    return client.buildEndSessionUrl(configuration, {
      id_token_hint: idToken,
      post_logout_redirect_uri: returnTo,
    });
  }

  /** @throws RefusedAnswer when the token is not a valid logout token of the provider */
  async logoutOf(rule: OpenIdProviderRule, token: string): Promise<LogoutToken> {
    const { issuer, jwks_uri: jwksUri } = (await this.configuration(rule)).serverMetadata();
    if (!jwksUri) throw new RefusedAnswer('the provider publishes no keys');
    return verifyLogoutToken(token, { issuer, clientId: rule.client_id, jwksUri });
  }

  /**
   * The provider's metadata. They are read again beside a later sign-in, because a provider can move its
   * endpoints and keys. The earlier ones serve until the provider has answered. Without any, the next sign-in
   * tries again.
   */
  private configuration(rule: OpenIdProviderRule): Promise<client.Configuration> {
    const now = Date.now();
    const known = this.known.get(rule);
    if (known && now < known.renewAt) return known.configuration;
    const configuration = discover(rule);
    const read = { configuration, renewAt: now + metadataAge };
    if (!known) {
      this.known.set(rule, read);
      configuration.catch(() => this.known.delete(rule));
      return configuration;
    }
    known.renewAt = now + retryAfter;
    configuration.then(
      () => this.known.set(rule, read),
      () => undefined,
    );
    return known.configuration;
  }
}

function discover(rule: OpenIdProviderRule): Promise<client.Configuration> {
  const isLocal = rule.issuer.startsWith('http:');
  return client.discovery(
    new URL(rule.issuer),
    rule.client_id,
    undefined,
    rule.client_secret ? client.ClientSecretBasic(rule.client_secret) : client.None(),
    {
      // Also verifies the signature of the id_token. The TLS connection to the provider alone is not enough.
      execute: [client.enableNonRepudiationChecks, ...(isLocal ? [client.allowInsecureRequests] : [])],
    },
  );
}
