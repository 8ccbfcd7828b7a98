import { createSign } from 'node:crypto';
import { RefusedAnswer } from '../protocol/sign-in-protocol.js';
import type { SamlProviderRule } from '../../member-provider-rules/provider-rules.js';
import { clockSkew, type ServiceProvider } from './read-assertion.js';
import { readRedirect } from './redirect-message.js';
import type { SamlEngines } from './saml-engines.js';
import { namespaces } from './saml-names.js';
import { samlSession } from './saml-session.js';
import { childrenNamed, elementsOf, instantOf, onlyChild, parseXml, textOf } from './xml.js';

/** Milliseconds for which a LogoutRequest is accepted. */
const maxAge = 5 * 60_000;

/** A verified LogoutRequest of the provider. */
export interface SignOutRequest {
  id: string;
  nameId: string;
  /** Without any, all sessions of the member are meant (SAML Core §3.7.1). */
  sessionIndexes: string[];
  /** Repeated in the answer. */
  relayState: string | undefined;
  /** Seconds since the epoch. Later the request is refused by its age. */
  expiresAt: number;
}

/**
 * Single logout by SAML 2.0 (SAML Profiles §4.4), binding HTTP-Redirect. Every message is signed, in both
 * directions.
 */
export class SamlSignOut {
  constructor(private readonly engines: SamlEngines) {}

  /**
   * The provider's address with our LogoutRequest.
   * @param hint of the session, from the sign-in
   * @returns undefined when the provider has no single logout service
   */
  async leave(rule: SamlProviderRule, hint: string): Promise<string | undefined> {
    if (!rule.sign_out_url) return undefined;
    const session = samlSession.parse(JSON.parse(hint));
    const { entityId: issuer } = this.engines.own(rule);
    const engine = await this.engines.of(rule);
    return asSigned(await engine.getLogoutUrlAsync({ ...session, issuer }, '', {}), rule);
  }

  /**
   * Verifies the provider's LogoutRequest.
   * @param query of the request, as it was sent
   * @throws RefusedAnswer
   */
  receive(rule: SamlProviderRule, query: string): Promise<SignOutRequest> {
    return RefusedAnswer.from(async () => {
      const { xml, relayState } = await this.verified(rule, query);
      return { ...readRequest(xml, rule, this.engines.own(rule)), relayState };
    });
  }

  /**
   * Verifies the provider's answer to our LogoutRequest.
   * @throws RefusedAnswer when the provider has not ended the session, or when the answer is not the
   * provider's
   */
  async checkAnswer(rule: SamlProviderRule, query: string): Promise<void> {
    await RefusedAnswer.from(() => this.verified(rule, query));
  }

  /** The provider's address with our LogoutResponse. */
  async answer(rule: SamlProviderRule, request: SignOutRequest, isDone: boolean): Promise<string> {
    const { id: ID, nameId: nameID, relayState = '' } = request;
    const { entityId: issuer } = this.engines.own(rule);
    const profile = { ID, issuer, nameID, nameIDFormat: '' };
    const engine = await this.engines.of(rule);
    return asSigned(await engine.getLogoutResponseUrlAsync(profile, relayState, {}, isDone), rule);
  }

  private async verified(rule: SamlProviderRule, query: string) {
    const message = readRedirect(query);
    // The library parses the text, too: nothing that our parser refuses may reach it.
    const root = parseXml(message.xml);
    elementsOf(root);
    const isSignOut = root.localName === 'LogoutRequest' || root.localName === 'LogoutResponse';
    if (root.namespaceURI !== namespaces.protocol || !isSignOut)
      throw new Error('the document is not about a sign-out');
    const engine = await this.engines.of(rule);
    await engine.validateRedirectAsync(message.container, message.query);
    return message;
  }
}

/** The parameters that a signature covers, in its order (SAML Bindings §3.4.4.1). */
const signedParameters = ['SAMLRequest', 'SAMLResponse', 'RelayState', 'SigAlg'];

/**
 * Signs an address of the library anew. The library signs another encoding of RelayState than it writes, and
 * browsers change an apostrophe. Here every reserved character is escaped, so the text stays as it was
 * signed.
 */
function asSigned(address: string, { signing }: SamlProviderRule): string {
  const url = new URL(address);
  const textOfAll = (pairs: [string, string][]) => pairs.map((pair) => pair.map(escaped).join('=')).join('&');
  const pairs = [...url.searchParams].filter(([name]) => name !== 'Signature');
  const others = pairs.filter(([name]) => !signedParameters.includes(name));
  const signed = textOfAll(pairs.filter(([name]) => signedParameters.includes(name)));
  // The library's SigAlg is RSA with SHA-256, as its options say.
  const signature = createSign('sha256').update(signed).sign(signing!.key, 'base64');
  const query = [textOfAll(others), signed, `Signature=${escaped(signature)}`].filter(Boolean).join('&');
  return `${url.origin}${url.pathname}?${query}`;
}

const escaped = (text: string) =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** @throws Error that names the rule */
function readRequest(
  xml: string,
  rule: SamlProviderRule,
  own: ServiceProvider,
): Omit<SignOutRequest, 'relayState'> {
  const request = parseXml(xml);
  const { protocol, assertion } = namespaces;
  if (request.namespaceURI !== protocol || request.localName !== 'LogoutRequest')
    throw new Error('the document is not a LogoutRequest');
  if (request.getAttribute('Version') !== '2.0') throw new Error('the request is not of SAML 2.0');
  // A signed message must name its destination (SAML Bindings §3.4.5.2).
  if (request.getAttribute('Destination') !== own.signOutUrl)
    throw new Error('the request is for another address');
  if (textOf(onlyChild(request, assertion, 'Issuer')) !== rule.entity_id)
    throw new Error('the issuer is not the configured provider');
  const issuedAt = instantOf(request, 'IssueInstant');
  const now = Date.now();
  if (issuedAt > now + clockSkew) throw new Error('the request is of the future');
  if (issuedAt + maxAge + clockSkew < now) throw new Error('the request is too old');
  if (request.getAttribute('NotOnOrAfter') && instantOf(request, 'NotOnOrAfter') <= now - clockSkew)
    throw new Error('the request has expired');
  const id = request.getAttribute('ID') ?? '';
  if (!/^[A-Za-z_][\w.-]{1,200}$/.test(id)) throw new Error('the request has no id');
  return {
    id,
    nameId: textOf(onlyChild(request, assertion, 'NameID')),
    sessionIndexes: childrenNamed(request, protocol, 'SessionIndex').map(textOf),
    expiresAt: Math.ceil((issuedAt + maxAge + 2 * clockSkew) / 1000),
  };
}
