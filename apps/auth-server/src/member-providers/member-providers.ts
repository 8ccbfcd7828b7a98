import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, Sealer } from '@payer/service';
import type { Environment } from '@payer/smart';
import * as client from 'openid-client';
import { z } from 'zod';
import type { Config } from '../config.js';
import type { MemberProviderRule } from './provider-rules.js';

/** What the browser keeps, sealed, between leaving for a provider and coming back. */
const leavingShape = z.object({
  provider: z.string(),
  environment: z.string(),
  /** The interaction to which the member comes back. */
  uid: z.string(),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  /** `max_age` of the app's request, in seconds. */
  maxAge: z.number().optional(),
  expires: z.number(),
});
type Leaving = z.infer<typeof leavingShape>;

/** Seconds that a member may take at the provider. */
export const leavingLifetime = 15 * 60;

/** Whom a provider has signed in. */
export interface ProviderSignIn {
  uid: string;
  /** Value of the configured claim. */
  subject: string;
  /** Seconds since the epoch; when the member proved who they are. */
  authTime: number | undefined;
  acr: string | undefined;
  amr: string[] | undefined;
}

/** What the app's authorization request asks of a sign-in. */
export interface SignInWishes {
  uiLocales: string;
  maxAge?: number;
  /** Whether somebody else shall sign in than the provider remembers. */
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

  /** The providers of an environment; none means that members sign in with a password here. */
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
   * @returns where the browser goes, and what it keeps meanwhile
   * @throws Error when the provider does not answer its discovery
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
   * @param kept of {@link leave}
   * @throws Error when the answer is not the one that this browser left for, or its id_token is not right
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

  /** The provider's metadata, read once; a failure is tried again by the next member. */
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
          // The signature of the id_token is verified, too; the connection to the provider alone is not proof enough.
          execute: [client.enableNonRepudiationChecks, ...(isLocal ? [client.allowInsecureRequests] : [])],
        },
      );
      made.catch(() => this.configurations.delete(rule));
      this.configurations.set(rule, made);
    }
    return made;
  }
}
