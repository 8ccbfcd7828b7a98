import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, Sealer } from '@payer/service';
import type { Environment } from '@payer/smart';
import * as client from 'openid-client';
import { z } from 'zod';
import type { Config } from '../config.js';
import type { MemberProviderRule } from './provider-rules.js';

/** State that the browser keeps, sealed, while the member is at a provider. */
const leavingShape = z.object({
  provider: z.string(),
  environment: z.string(),
  /** The interaction that the member returns to. */
  uid: z.string(),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  /** `max_age` of the app's request, in seconds. */
  maxAge: z.number().optional(),
  expires: z.number(),
});
type Leaving = z.infer<typeof leavingShape>;

/** Seconds that a member may stay at the provider. */
export const leavingLifetime = 15 * 60;

/** A sign-in at a provider. */
export interface ProviderSignIn {
  uid: string;
  /** Value of the configured claim. */
  subject: string;
  /** When the member authenticated, in seconds since the epoch. */
  authTime: number | undefined;
  acr: string | undefined;
  amr: string[] | undefined;
}

/** Requirements of the app's authorization request for the sign-in. */
export interface SignInWishes {
  uiLocales: string;
  maxAge?: number;
  /** Whether another member shall sign in than the one that the provider remembers. */
  isAgain: boolean;
}

/** Signs members in at the plan's own providers: OpenID Connect, code with PKCE, `state` and `nonce`. */
@Injectable()
export class MemberProviders {
  private readonly sealer: Sealer;
  private readonly configurations = new Map<MemberProviderRule, Promise<client.Configuration>>();

  constructor(@Inject(CONFIG) private readonly config: Config) {
    this.sealer = new Sealer(config.KEY_ENCRYPTION_KEY);
  }

  /** The providers of an environment. Without providers, members sign in here with a password. */
  of(environment: Environment): MemberProviderRule[] {
    return this.config.MEMBER_PROVIDERS.filter((rule) => rule.environment === environment);
  }

  find(environment: Environment, id: string): MemberProviderRule | undefined {
    return this.of(environment).find((rule) => rule.id === id);
  }

  redirectUri({ environment, id }: MemberProviderRule): string {
    return `${this.config.addresses[environment].issuer}/provider-callback/${id}`;
  }

  /**
   * @returns the URL for the browser, and the state for its cookie
   * @throws Error when the provider's discovery does not answer
   */
  async leave(
    rule: MemberProviderRule,
    uid: string,
    { uiLocales, maxAge, isAgain }: SignInWishes,
  ): Promise<{ location: string; kept: string }> {
    const leaving: Leaving = {
      provider: rule.id,
      environment: rule.environment,
      uid,
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
      maxAge,
      expires: Date.now() + leavingLifetime * 1000,
    };
    const url = client.buildAuthorizationUrl(await this.configuration(rule), {
      redirect_uri: this.redirectUri(rule),
      scope: rule.scope,
      state: leaving.state,
      nonce: leaving.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(leaving.verifier),
      code_challenge_method: 'S256',
      ui_locales: uiLocales,
      ...(rule.acr_values ? { acr_values: rule.acr_values } : {}),
      ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
      ...(isAgain ? { prompt: 'login' } : {}),
    });
    return { location: url.href, kept: this.sealer.seal(JSON.stringify(leaving), 'provider sign-in') };
  }

  /**
   * Redeems the provider's answer.
   * @param query of the callback
   * @param kept from {@link leave}
   * @throws Error when the answer does not match the state of this browser, or when its id_token is invalid
   */
  async comeBack(rule: MemberProviderRule, query: string, kept: string): Promise<ProviderSignIn> {
    const leaving = leavingShape.parse(JSON.parse(this.sealer.open(kept, 'provider sign-in')));
    if (leaving.provider !== rule.id || leaving.environment !== rule.environment)
      throw new Error('the browser left for another provider');
    if (leaving.expires < Date.now()) throw new Error('the sign-in took too long');
    const current = new URL(`${this.redirectUri(rule)}?${query}`);
    const tokens = await client.authorizationCodeGrant(await this.configuration(rule), current, {
      expectedState: leaving.state,
      expectedNonce: leaving.nonce,
      pkceCodeVerifier: leaving.verifier,
      idTokenExpected: true,
      ...(leaving.maxAge === undefined ? {} : { maxAge: leaving.maxAge }),
    });
    const claims = tokens.claims();
    const subject = claims?.[rule.subject_claim];
    if (typeof subject !== 'string' || subject === '')
      throw new Error(`the id_token has no claim ${rule.subject_claim}`);
    const acr = typeof claims?.acr === 'string' ? claims.acr : undefined;
    if (rule.acr_values && !rule.acr_values.split(' ').includes(acr ?? ''))
      throw new Error(`the sign-in was not of class ${rule.acr_values}`);
    return {
      uid: leaving.uid,
      subject,
      acr,
      authTime: claims?.auth_time,
      amr: Array.isArray(claims?.amr) ? claims.amr.map(String) : undefined,
    };
  }

  /** The provider's metadata, read once. After a failure the next sign-in tries again. */
  private configuration(rule: MemberProviderRule): Promise<client.Configuration> {
    let made = this.configurations.get(rule);
    if (!made) {
      const isLocal = rule.issuer.startsWith('http:');
      made = client.discovery(
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
      made.catch(() => this.configurations.delete(rule));
      this.configurations.set(rule, made);
    }
    return made;
  }
}
