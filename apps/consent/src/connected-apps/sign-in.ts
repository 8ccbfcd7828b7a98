import { connectedAppsClientId, endpointPaths, type Environment } from '@payer/smart';
import * as client from 'openid-client';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '@payer/service';
import type { Config } from '../config.js';
import type { SignedInMember } from '../http/member-session.js';
import { Keys } from '../keys/keys.js';

/** State that the browser keeps while the member is at the sign-in. */
export interface Leaving {
  state: string;
  nonce: string;
  verifier: string;
}

/**
 * Signs a member in at auth-server for the connected-apps page: OpenID Connect, code with PKCE,
 * `private_key_jwt`.
 */
@Injectable()
export class SignIn {
  /** Keyed by environment and signing key: a rotated key needs a new configuration. */
  private readonly configurations = new Map<string, Promise<client.Configuration>>();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly keys: Keys,
  ) {}

  /** @param language of the sign-in page */
  async leave(environment: Environment, language: string): Promise<{ url: URL; leaving: Leaving }> {
    const leaving = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
    };
    const url = client.buildAuthorizationUrl(await this.configuration(environment), {
      redirect_uri: this.redirectUri(environment),
      scope: 'openid',
      ui_locales: language,
      state: leaving.state,
      nonce: leaving.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(leaving.verifier),
      code_challenge_method: 'S256',
    });
    return { url, leaving };
  }

  /** @throws Error when the answer does not match the state of this browser */
  async comeBack(environment: Environment, query: string, leaving: Leaving): Promise<SignedInMember> {
    const current = new URL(`${this.redirectUri(environment)}?${query}`);
    const tokens = await client.authorizationCodeGrant(await this.configuration(environment), current, {
      expectedState: leaving.state,
      expectedNonce: leaving.nonce,
      pkceCodeVerifier: leaving.verifier,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (!claims || typeof claims.name !== 'string')
      throw new Error('the id_token does not say who the member is');
    // A person who only acts for others has no patient.
    const patient = typeof claims.patient === 'string' ? claims.patient : null;
    return { environment, sub: claims.sub, patient, name: claims.name };
  }

  private redirectUri(environment: Environment): string {
    return `${this.config.addresses[environment].managementUrl}callback`;
  }

  /** The endpoints follow from the issuer, so that the redirect to the sign-in needs no discovery call. */
  private configuration(environment: Environment): Promise<client.Configuration> {
    const key = `${environment} ${this.keys.signing().kid}`;
    let made = this.configurations.get(key);
    if (!made) {
      for (const older of this.configurations.keys())
        if (older.startsWith(`${environment} `)) this.configurations.delete(older);
      made = this.make(environment);
      made.catch(() => this.configurations.delete(key));
      this.configurations.set(key, made);
    }
    return made;
  }

  private async make(environment: Environment): Promise<client.Configuration> {
    const { issuer } = this.config.addresses[environment];
    const internal = `${this.config.AUTH_SERVER_INTERNAL_URL}/${environment}`;
    const { kid, jwk } = this.keys.signing();
    const key = (await crypto.subtle.importKey(
      'jwk',
      jwk as JsonWebKey,
      { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
      false,
      ['sign'],
    )) as client.CryptoKey;
    const configuration = new client.Configuration(
      {
        issuer,
        authorization_endpoint: `${issuer}${endpointPaths.authorization}`,
        token_endpoint: `${internal}${endpointPaths.token}`,
        jwks_uri: `${internal}${endpointPaths.jwks}`,
        authorization_response_iss_parameter_supported: true,
      },
      connectedAppsClientId,
      { id_token_signed_response_alg: 'RS256' },
      client.PrivateKeyJwt({ key, kid }),
    );
    if (internal.startsWith('http:')) client.allowInsecureRequests(configuration);
    return configuration;
  }
}
