import { sha256, useMessageOnce } from '@payer/service';
import type { DataSource } from 'typeorm';
import { z } from 'zod';
import type { Leaving } from '../protocol/leaving.js';
import {
  RefusedAnswer,
  type ProviderSignIn,
  type SignInProtocol,
  type SignInWishes,
} from '../protocol/sign-in-protocol.js';
import { issueTicket, redeemTicket } from '../protocol/tickets.js';
import type { SamlProviderRule } from '../../member-provider-rules/provider-rules.js';
import { decryptAssertion } from './encrypted-assertion.js';
import { clockSkew, readAssertion, type VerifiedAssertion } from './read-assertion.js';
import { checkDecrypted, checkStructure } from './response-structure.js';
import { SamlEngines } from './saml-engines.js';
import { samlSession } from './saml-session.js';
import { SamlSignOut } from './saml-sign-out.js';

const model = 'SamlAnswer';

/** Seconds from the provider's POST to the page that the browser then loads, which is one redirect. */
const answerLifetime = 60;

const answerShape = z.object({
  inResponseTo: z.string(),
  subject: z.string(),
  authTime: z.number(),
  acr: z.string().optional(),
  session: samlSession.optional(),
});

/**
 * Signs members in by SAML 2.0, Web Browser SSO: the request by HTTP-Redirect, the response by HTTP-POST. The
 * response comes from the provider's page, so the browser sends no cookie with it (SameSite=Lax). The POST is
 * therefore verified and stored, and the redirect after it brings the cookie of the interaction.
 */
export class SamlProvider implements SignInProtocol<SamlProviderRule> {
  readonly signOut: SamlSignOut;
  private readonly engines: SamlEngines;

  constructor(
    callbackUrl: (rule: SamlProviderRule) => string,
    private readonly source: DataSource,
  ) {
    this.engines = new SamlEngines(callbackUrl);
    this.signOut = new SamlSignOut(this.engines);
  }

  async leave(rule: SamlProviderRule, { state, requestId }: Leaving, { maxAge, isAgain }: SignInWishes) {
    const engine = await this.engines.of(rule, {
      // SAML has no maximum age. A new sign-in is the only answer that is never too old.
      forceAuthn: isAgain || maxAge !== undefined,
      generateUniqueId: () => requestId,
    });
    return engine.getAuthorizeUrlAsync(state, undefined, {});
  }

  /**
   * Takes the provider's POST. An assertion is accepted once, on whichever replica.
   * @param response base64
   * @returns a ticket for {@link comeBack}, valid once
   * @throws RefusedAnswer
   */
  async receive(rule: SamlProviderRule, response: string, state: string): Promise<string> {
    const assertion = await RefusedAnswer.from(() => this.verify(rule, response));
    const key = `saml ${sha256(`${rule.environment} ${rule.entity_id} ${assertion.id}`)}`;
    const forgetAt = (assertion.notOnOrAfter + clockSkew) / 1000;
    if (!(await useMessageOnce(this.source, key, forgetAt)))
      throw new RefusedAnswer('the assertion was used before');
    const { inResponseTo, subject, authTime, acr, session } = assertion;
    const answer = { provider: rule.id, state, inResponseTo, subject, authTime, acr, session };
    return issueTicket(
      this.source,
      { model, environment: rule.environment, lifetime: answerLifetime },
      answer,
    );
  }

  async comeBack(
    rule: SamlProviderRule,
    query: string,
    leaving: Leaving,
    maxAge?: number,
  ): Promise<ProviderSignIn> {
    const parameters = new URLSearchParams(query);
    if (parameters.has('error')) throw new RefusedAnswer('the response was refused');
    const owner = { provider: rule.id, state: leaving.state };
    const kept = { model, environment: rule.environment };
    const payload = await redeemTicket(this.source, kept, parameters.get('answer') ?? '', owner);
    if (!payload) throw new RefusedAnswer('there is no answer for this browser');
    const { inResponseTo, subject, authTime, acr, session } = answerShape.parse(payload);
    if (inResponseTo !== leaving.requestId) throw new RefusedAnswer('the response answers another request');
    const age = Date.now() - authTime * 1000;
    if (maxAge !== undefined && age > maxAge * 1000 + clockSkew)
      throw new RefusedAnswer('the sign-in is older than max_age');
    const signIn = { subject, authTime, acr, amr: undefined };
    if (!session || !rule.sign_out_url) return signIn;
    const { nameID, sessionIndex: sid } = session;
    return { ...signIn, session: { subject: nameID, sid, hint: JSON.stringify(session) } };
  }

  /** Metadata of this service for the provider (SAML Metadata §2.4.4). */
  metadata(rule: SamlProviderRule): Promise<string> {
    return this.engines.metadata(rule);
  }

  private async verify(rule: SamlProviderRule, response: string): Promise<VerifiedAssertion> {
    const xml = Buffer.from(response, 'base64').toString('utf8');
    const head = checkStructure(xml, rule);
    const engine = await this.engines.of(rule);
    const { profile } = await engine.validatePostResponseAsync({ SAMLResponse: response });
    const signed = profile?.getAssertionXml?.();
    if (!signed) throw new Error('the response has no signed assertion');
    if (head.isEncrypted) checkDecrypted(decryptAssertion(xml, rule.decryption!.key));
    return readAssertion(signed, head, rule, this.engines.own(rule));
  }
}
