import type { SamlProviderRule } from '../../member-provider-rules/provider-rules.js';
import type { SamlSession } from './saml-session.js';
import type { ResponseHead } from './response-structure.js';
import { bearer, namespaces, transientFormat, unspecifiedFormat } from './saml-names.js';
import { childrenNamed, instantOf, onlyChild, parseXml, textOf } from './xml.js';

/** Milliseconds that the provider's clock may differ from ours. */
export const clockSkew = 60_000;

/** The facts of a verified assertion. */
export interface VerifiedAssertion {
  id: string;
  /** Id of the AuthnRequest that the assertion answers. */
  inResponseTo: string;
  /** The member's key in the roster. */
  subject: string;
  /** Seconds since the epoch. */
  authTime: number;
  /** AuthnContextClassRef. */
  acr: string | undefined;
  /** Milliseconds since the epoch; after this instant the assertion is refused by its age. */
  notOnOrAfter: number;
  /** The session at the provider. Absent when the assertion does not name the member by NameID. */
  session: SamlSession | undefined;
}

/** Our addresses at the provider. */
export interface ServiceProvider {
  entityId: string;
  /** The assertion consumer service. */
  callbackUrl: string;
  /** The single logout service. */
  signOutUrl: string;
}

const { assertion: saml } = namespaces;

/**
 * Checks a verified assertion by the rules for a bearer (SAML Profiles §4.1.4.3), and reads it.
 * @param xml the bytes that the signature covers
 * @param head of the response that contained the assertion
 * @throws Error that names the rule
 */
export function readAssertion(
  xml: string,
  head: ResponseHead,
  rule: SamlProviderRule,
  own: ServiceProvider,
): VerifiedAssertion {
  const assertion = parseXml(xml);
  const issuer = textOf(onlyChild(assertion, saml, 'Issuer'));
  for (const each of [issuer, head.issuer ?? issuer])
    if (each !== rule.entity_id) throw new Error('the issuer is not the configured provider');
  if (head.destination !== own.callbackUrl) throw new Error('the response is for another address');
  const subject = onlyChild(assertion, saml, 'Subject');
  const { inResponseTo, notOnOrAfter } = confirmationOf(subject, own);
  if (head.inResponseTo !== inResponseTo) throw new Error('the response answers two different requests');
  checkConditions(onlyChild(assertion, saml, 'Conditions'), own);
  const { authTime, acr } = authenticationOf(assertion);
  if (rule.authn_contexts && !rule.authn_contexts.includes(acr ?? ''))
    throw new Error('the sign-in was not of a required class');
  return {
    id: assertion.getAttribute('ID') ?? '',
    inResponseTo,
    subject: rule.subject_attribute ? attributeOf(assertion, rule.subject_attribute) : nameIdOf(subject),
    authTime,
    acr,
    notOnOrAfter,
    session: sessionOf(assertion, subject),
  };
}

/** What a LogoutRequest names (SAML Core §3.7.1): the NameID as the provider wrote it, and the session. */
function sessionOf(assertion: Element, subject: Element): SamlSession | undefined {
  const [nameId] = childrenNamed(subject, saml, 'NameID');
  if (!nameId) return undefined;
  const value = (name: string) => nameId.getAttribute(name) || undefined;
  const [statement] = childrenNamed(assertion, saml, 'AuthnStatement');
  return {
    nameID: textOf(nameId),
    nameIDFormat: value('Format') ?? unspecifiedFormat,
    nameQualifier: value('NameQualifier'),
    spNameQualifier: value('SPNameQualifier'),
    sessionIndex: statement?.getAttribute('SessionIndex') || undefined,
  };
}

/** The confirmation that makes this browser's answer the subject's own. */
function confirmationOf(subject: Element, own: ServiceProvider) {
  const reasons: string[] = [];
  for (const confirmation of childrenNamed(subject, saml, 'SubjectConfirmation')) {
    if (confirmation.getAttribute('Method') !== bearer) continue;
    const data = onlyChild(confirmation, saml, 'SubjectConfirmationData');
    const notOnOrAfter = instantOf(data, 'NotOnOrAfter');
    const inResponseTo = data.getAttribute('InResponseTo') ?? '';
    if (data.getAttribute('Recipient') !== own.callbackUrl)
      reasons.push('the assertion is for another recipient');
    else if (data.getAttribute('NotBefore')) reasons.push('the confirmation of a bearer has NotBefore');
    else if (Date.now() - clockSkew >= notOnOrAfter) reasons.push('the assertion has expired');
    else if (inResponseTo === '') reasons.push('the assertion answers no request');
    else return { inResponseTo, notOnOrAfter };
  }
  throw new Error(reasons[0] ?? 'the subject is not confirmed as bearer');
}

/** SAML Core §2.5.1: times, and the audiences, each of which must include this service. */
function checkConditions(conditions: Element, own: ServiceProvider): void {
  const now = Date.now();
  if (conditions.getAttribute('NotBefore') && instantOf(conditions, 'NotBefore') > now + clockSkew)
    throw new Error('the assertion is not valid yet');
  if (conditions.getAttribute('NotOnOrAfter') && instantOf(conditions, 'NotOnOrAfter') <= now - clockSkew)
    throw new Error('the assertion has expired');
  const restrictions = childrenNamed(conditions, saml, 'AudienceRestriction');
  const areOurs = restrictions.map((restriction) =>
    childrenNamed(restriction, saml, 'Audience').some((audience) => textOf(audience) === own.entityId),
  );
  if (areOurs.length === 0 || areOurs.includes(false))
    throw new Error('the assertion is for another audience');
}

function authenticationOf(assertion: Element): { authTime: number; acr: string | undefined } {
  const statement = onlyChild(assertion, saml, 'AuthnStatement');
  const authTime = instantOf(statement, 'AuthnInstant');
  if (authTime > Date.now() + clockSkew) throw new Error('the sign-in is in the future');
  if (statement.getAttribute('SessionNotOnOrAfter'))
    if (instantOf(statement, 'SessionNotOnOrAfter') <= Date.now() - clockSkew)
      throw new Error("the member's session at the provider has expired");
  const [context] = childrenNamed(statement, saml, 'AuthnContext');
  const [reference] = context ? childrenNamed(context, saml, 'AuthnContextClassRef') : [];
  return { authTime: Math.floor(authTime / 1000), acr: reference && textOf(reference) };
}

function nameIdOf(subject: Element): string {
  const nameId = onlyChild(subject, saml, 'NameID');
  // SAML Core §8.3.8: a transient NameID is another one at each sign-in, so no roster can contain it.
  if (nameId.getAttribute('Format') === transientFormat)
    throw new Error('the NameID is transient; configure subject_attribute or name_id_format');
  return textOf(nameId);
}

function attributeOf(assertion: Element, name: string): string {
  const attributes = childrenNamed(assertion, saml, 'AttributeStatement')
    .flatMap((statement) => childrenNamed(statement, saml, 'Attribute'))
    .filter((attribute) => attribute.getAttribute('Name') === name);
  if (attributes.length !== 1)
    throw new Error(`the assertion has ${attributes.length} attributes ${name} instead of one`);
  return textOf(onlyChild(attributes[0]!, saml, 'AttributeValue'));
}
