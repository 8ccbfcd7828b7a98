import { randomUUID } from 'node:crypto';
import { SignedXml } from 'xml-crypto';
import type { CertifiedKey } from './certificate.js';

const algorithms = {
  canonical: 'http://www.w3.org/2001/10/xml-exc-c14n#',
  enveloped: 'http://www.w3.org/2000/09/xmldsig#enveloped-signature',
  rsaSha256: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  rsaSha1: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1',
  sha256: 'http://www.w3.org/2001/04/xmlenc#sha256',
  sha1: 'http://www.w3.org/2000/09/xmldsig#sha1',
};

/** The values of a response. Undefined leaves the attribute or element out. */
export interface ResponseFields {
  responseId: string;
  assertionId: string;
  /** Issuer of the assertion. */
  issuer: string;
  responseIssuer: string | undefined;
  status: string;
  destination: string | undefined;
  recipient: string | undefined;
  audience: string | undefined;
  /** `InResponseTo` of the response. */
  inResponseTo: string | undefined;
  /** `InResponseTo` of the assertion. */
  confirmedFor: string | undefined;
  method: string;
  nameId: string;
  nameIdFormat: string;
  /** Values by name of the attribute. */
  attributes: Readonly<Record<string, readonly string[]>>;
  notBefore: Date;
  notOnOrAfter: Date;
  authenticatedAt: Date;
  authnContext: string;
}

/** The fields of an honest answer to a request, five minutes valid. */
export function honestFields(given: {
  issuer: string;
  callbackUrl: string;
  audience: string;
  requestId: string;
  nameId: string;
}): ResponseFields {
  const now = Date.now();
  return {
    responseId: `_${randomUUID()}`,
    assertionId: `_${randomUUID()}`,
    issuer: given.issuer,
    responseIssuer: given.issuer,
    status: 'urn:oasis:names:tc:SAML:2.0:status:Success',
    destination: given.callbackUrl,
    recipient: given.callbackUrl,
    audience: given.audience,
    inResponseTo: given.requestId,
    confirmedFor: given.requestId,
    method: 'urn:oasis:names:tc:SAML:2.0:cm:bearer',
    nameId: given.nameId,
    nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    attributes: {},
    notBefore: new Date(now - 1000),
    notOnOrAfter: new Date(now + 5 * 60_000),
    authenticatedAt: new Date(now - 1000),
    authnContext: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
  };
}

const attribute = (name: string, value: string | undefined) =>
  value === undefined ? '' : ` ${name}="${value}"`;

/** The provider's name of the session that a response opens. */
export const sessionIndexOf = ({ assertionId }: ResponseFields): string => `${assertionId}-session`;

export function assertionXml(fields: ResponseFields): string {
  const until = fields.notOnOrAfter.toISOString();
  const attributes = Object.entries(fields.attributes).map(
    ([name, values]) =>
      `<saml:Attribute Name="${name}">` +
      `${values.map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`).join('')}</saml:Attribute>`,
  );
  return (
    `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${fields.assertionId}" Version="2.0"` +
    ` IssueInstant="${new Date().toISOString()}"><saml:Issuer>${fields.issuer}</saml:Issuer>` +
    `<saml:Subject><saml:NameID Format="${fields.nameIdFormat}">${fields.nameId}</saml:NameID>` +
    `<saml:SubjectConfirmation Method="${fields.method}"><saml:SubjectConfirmationData` +
    attribute('InResponseTo', fields.confirmedFor) +
    attribute('Recipient', fields.recipient) +
    ` NotOnOrAfter="${until}"/></saml:SubjectConfirmation></saml:Subject>` +
    `<saml:Conditions NotBefore="${fields.notBefore.toISOString()}" NotOnOrAfter="${until}">` +
    (fields.audience === undefined
      ? ''
      : `<saml:AudienceRestriction><saml:Audience>${fields.audience}</saml:Audience></saml:AudienceRestriction>`) +
    `</saml:Conditions><saml:AuthnStatement AuthnInstant="${fields.authenticatedAt.toISOString()}"` +
    ` SessionIndex="${sessionIndexOf(fields)}"><saml:AuthnContext><saml:AuthnContextClassRef>` +
    `${fields.authnContext}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
    (attributes.length === 0
      ? ''
      : `<saml:AttributeStatement>${attributes.join('')}</saml:AttributeStatement>`) +
    '</saml:Assertion>'
  );
}

/** @param content the assertion, or any other elements in its place */
export function responseXml(fields: ResponseFields, content = assertionXml(fields)): string {
  return (
    `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="${fields.responseId}" Version="2.0"` +
    ` IssueInstant="${new Date().toISOString()}"` +
    attribute('Destination', fields.destination) +
    attribute('InResponseTo', fields.inResponseTo) +
    '>' +
    (fields.responseIssuer === undefined
      ? ''
      : `<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${fields.responseIssuer}</saml:Issuer>`) +
    `<samlp:Status><samlp:StatusCode Value="${fields.status}"/></samlp:Status>${content}</samlp:Response>`
  );
}

/** Adds an enveloped signature to the outermost element with the name (SAML Core §5.4). */
export function signXml(
  xml: string,
  name: 'Response' | 'Assertion',
  key: CertifiedKey,
  weak: { signature?: boolean; digest?: boolean } = {},
): string {
  const element = `(//*[local-name(.)='${name}'])[1]`;
  const signer = new SignedXml({
    privateKey: key.privateKey,
    publicCert: key.certificate,
    signatureAlgorithm: weak.signature ? algorithms.rsaSha1 : algorithms.rsaSha256,
    canonicalizationAlgorithm: algorithms.canonical,
  });
  signer.addReference({
    xpath: element,
    transforms: [algorithms.enveloped, algorithms.canonical],
    digestAlgorithm: weak.digest ? algorithms.sha1 : algorithms.sha256,
  });
  const location = { reference: `${element}/*[local-name(.)='Issuer']`, action: 'after' as const };
  signer.computeSignature(xml, { location, prefix: 'ds' });
  return signer.getSignedXml();
}
