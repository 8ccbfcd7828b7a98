import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '@payer/service';
import type { Environment } from '@payer/smart';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { OpenIdProvider } from './openid/openid-provider.js';
import { Leavings, type Leaving } from './protocol/leaving.js';
import type { ProviderSignIn, SignInWishes } from './protocol/sign-in-protocol.js';
import type {
  MemberProviderRule,
  OpenIdProviderRule,
  SamlProviderRule,
} from '../member-provider-rules/provider-rules.js';
import { SamlProvider } from './saml/saml-provider.js';

/** The plan's own providers, at which members sign in by OpenID Connect or SAML 2.0. */
@Injectable()
export class MemberProviders {
  readonly saml: SamlProvider;
  readonly openId: OpenIdProvider;
  private readonly leavings: Leavings;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    source: DataSource,
  ) {
    const callback = (rule: MemberProviderRule) => this.redirectUri(rule);
    this.leavings = new Leavings(config.KEY_ENCRYPTION_KEY);
    this.openId = new OpenIdProvider(callback);
    this.saml = new SamlProvider(callback, source);
  }

  /** The providers of an environment. Without providers, members sign in here with a password. */
  of(environment: Environment): MemberProviderRule[] {
    return this.config.MEMBER_PROVIDERS.filter((rule) => rule.environment === environment);
  }

  find(environment: Environment, id: string): MemberProviderRule | undefined {
    return this.of(environment).find((rule) => rule.id === id);
  }

  findSaml(environment: Environment, id: string): SamlProviderRule | undefined {
    const rule = this.find(environment, id);
    return rule?.protocol === 'saml' ? rule : undefined;
  }

  findOpenId(environment: Environment, id: string): OpenIdProviderRule | undefined {
    const rule = this.find(environment, id);
    return rule?.protocol === 'openid' ? rule : undefined;
  }

  /** The address of the provider's answer: the redirect URI, or the assertion consumer service. */
  redirectUri({ environment, id }: Pick<MemberProviderRule, 'environment' | 'id'>): string {
    return `${this.config.addresses[environment].issuer}/provider-callback/${id}`;
  }

  /**
   * @param uid of the interaction that the member returns to
   * @returns the URL for the browser
   * @throws Error when the provider does not answer
   */
  async leave(rule: MemberProviderRule, uid: string, wishes: SignInWishes): Promise<string> {
    const leaving = this.leavings.begin(rule, uid);
    return rule.protocol === 'saml'
      ? this.saml.leave(rule, leaving, wishes)
      : this.openId.leave(rule, leaving, wishes);
  }

  /**
   * The address at the provider that ends the member's session there.
   * @param hint of the session
   * @returns undefined when the provider has no such address
   * @throws Error when the provider does not answer
   */
  async endSessionUrl(rule: MemberProviderRule, hint: string): Promise<string | undefined> {
    if (rule.protocol === 'saml') return this.saml.signOut.leave(rule, hint);
    const url = await this.openId.endSessionUrl(rule, hint, `${this.redirectUri(rule)}/signed-out`);
    return url?.href;
  }

  /** The sign-in that an answer's state names. @throws Error when the state is none of this provider */
  left(rule: MemberProviderRule, state: string): Leaving {
    return this.leavings.find(rule, state);
  }

  /**
   * Takes the provider's answer.
   * @param query of the callback
   * @param maxAge of the app's request, in seconds
   * @throws RefusedAnswer when the answer does not belong to this sign-in, or is invalid
   */
  comeBack(
    rule: MemberProviderRule,
    query: string,
    leaving: Leaving,
    maxAge?: number,
  ): Promise<ProviderSignIn> {
    return rule.protocol === 'saml'
      ? this.saml.comeBack(rule, query, leaving, maxAge)
      : this.openId.comeBack(rule, query, leaving, maxAge);
  }
}
