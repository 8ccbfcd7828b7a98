import {
  assertionXml,
  responseXml,
  signXml,
  type CertifiedKey,
  type ResponseFields,
} from '@payer/testing/saml';

interface Given {
  /** Of an honest answer. */
  fields: ResponseFields;
  /** The provider's key. */
  key: CertifiedKey;
  stranger: CertifiedKey;
  /** Builds and signs a whole response. */
  honest(fields: ResponseFields): string;
}

export interface Forgery {
  name: string;
  /** `saml` needs both signatures, `saml-loose` that of the assertion only. */
  provider: 'saml' | 'saml-loose';
  forge(given: Given): string;
  /** Of the refusal. */
  reason: RegExp;
}

const minutes = (count: number) => new Date(Date.now() + count * 60_000);

/** An answer that the provider signed, with other values than those of an honest answer. */
function signed(
  name: string,
  reason: RegExp,
  change: (fields: ResponseFields) => Partial<ResponseFields>,
): Forgery {
  return {
    name,
    provider: 'saml',
    forge: ({ fields, honest }) => honest({ ...fields, ...change(fields) }),
    reason,
  };
}

/** An honest response whose text somebody changed after the signature. */
function altered(name: string, reason: RegExp, change: (xml: string) => string): Forgery {
  return { name, provider: 'saml', forge: ({ fields, honest }) => change(honest(fields)), reason };
}

/** Parts for signature wrapping: a signed assertion, and an evil one without a signature. */
interface Parts {
  fields: ResponseFields;
  good: string;
  signature: string;
  /** The signed assertion without its signature. */
  bare: string;
  evil: string;
}

/** A response in which the signed assertion and an evil one stand side by side (signature wrapping). */
function wrapped(name: string, build: (parts: Parts) => string): Forgery {
  return {
    name: `with an evil assertion ${name}`,
    provider: 'saml-loose',
    forge: ({ fields, key }) => {
      const good = signXml(assertionXml(fields), 'Assertion', key);
      const signature = /<ds:Signature .*<\/ds:Signature>/s.exec(good)?.[0] ?? '';
      const evilFields = { ...fields, assertionId: '_evil', attributes: { member_id: ['key-of-victim'] } };
      const evil = assertionXml(evilFields);
      return build({ fields, good, signature, bare: good.replace(signature, ''), evil });
    },
    reason: /second response or assertion|instead of one|the same id|cannot sign|contains Object|not refer/,
  };
}

const withSignature = (assertion: string, signature: string) =>
  assertion.replace('</saml:Issuer>', `</saml:Issuer>${signature}`);
const inside = (assertion: string, content: string) =>
  assertion.replace('</saml:Assertion>', `${content}</saml:Assertion>`);
const withObject = (signature: string, content: string) =>
  signature.replace('</ds:Signature>', `<ds:Object>${content}</ds:Object></ds:Signature>`);

const unsigned: Forgery[] = [
  {
    name: 'without a signature',
    provider: 'saml-loose',
    forge: ({ fields }) => responseXml(fields),
    reason: /Invalid signature/,
  },
  {
    name: 'whose assertion has no signature',
    provider: 'saml',
    forge: ({ fields, key }) => signXml(responseXml(fields), 'Response', key),
    reason: /Invalid signature/,
  },
  {
    name: 'without a signature of its own, where the policy asks for one',
    provider: 'saml',
    forge: ({ fields, key }) => signXml(responseXml(fields), 'Assertion', key),
    reason: /Invalid document signature/,
  },
  ...(['saml', 'saml-loose'] as const).map((provider): Forgery => ({
    name: `signed by a stranger with the stranger's certificate inside (${provider})`,
    provider,
    forge: ({ fields, stranger }) =>
      signXml(signXml(responseXml(fields), 'Assertion', stranger), 'Response', stranger),
    reason: /Invalid (document )?signature/,
  })),
  {
    name: 'signed with SHA-1',
    provider: 'saml-loose',
    forge: ({ fields, key }) => signXml(responseXml(fields), 'Assertion', key, { signature: true }),
    reason: /rsa-sha1 is not allowed/,
  },
  {
    name: 'with a SHA-1 digest',
    provider: 'saml-loose',
    forge: ({ fields, key }) => signXml(responseXml(fields), 'Assertion', key, { digest: true }),
    reason: /#sha1 is not allowed/,
  },
  {
    name: 'signed with the certificate as HMAC key',
    provider: 'saml-loose',
    forge: ({ fields, key }) =>
      signXml(responseXml(fields), 'Assertion', key).replace(
        'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
        'http://www.w3.org/2000/09/xmldsig#hmac-sha1',
      ),
    reason: /hmac-sha1 is not allowed/,
  },
];

const wrappings: Forgery[] = [
  wrapped('before the signed one', ({ fields, good, evil }) => responseXml(fields, evil + good)),
  wrapped('after the signed one', ({ fields, good, evil }) => responseXml(fields, good + evil)),
  wrapped('around the signed one', ({ fields, good, evil }) => responseXml(fields, inside(evil, good))),
  wrapped('inside the signed one', ({ fields, good, evil }) => responseXml(fields, inside(good, evil))),
  wrapped('that has the signature, beside the signed one', ({ fields, bare, evil, signature }) =>
    responseXml(fields, withSignature(evil, signature) + bare),
  ),
  wrapped('that has the signature, with the signed one in it', ({ fields, bare, evil, signature }) =>
    responseXml(fields, withSignature(evil, withObject(signature, bare))),
  ),
  wrapped('that has the signature only', ({ fields, evil, signature }) =>
    responseXml(fields, withSignature(evil, signature)),
  ),
  wrapped('with the id of the signed one', ({ fields, good, evil }) =>
    responseXml(fields, evil.replace('"_evil"', `"${fields.assertionId}"`) + good),
  ),
  wrapped('whose Id is the id of the signed one', ({ fields, good, evil }) =>
    responseXml(fields, evil.replace('ID="_evil"', `ID="_evil" Id="${fields.assertionId}"`) + good),
  ),
  wrapped('of another namespace', ({ fields, good, evil }) =>
    responseXml(fields, good + evil.replace('SAML:2.0:assertion', 'evil')),
  ),
  wrapped('while the signed one is in an extension', ({ fields, good, evil }) =>
    responseXml(fields, evil).replace(
      '<samlp:Status>',
      `<samlp:Extensions>${good}</samlp:Extensions><samlp:Status>`,
    ),
  ),
  {
    ...wrapped('', () => ''),
    name: 'that contains the signed response',
    provider: 'saml',
    forge: ({ fields, honest }) =>
      responseXml(
        { ...fields, responseId: '_evil' },
        assertionXml({ ...fields, assertionId: '_evil2' }),
      ).replace('</samlp:Response>', `${honest(fields)}</samlp:Response>`),
  },
];

const values: Forgery[] = [
  signed('of another issuer', /issuer/, () => ({ issuer: 'https://evil.example' })),
  signed('whose own issuer is another', /issuer/, () => ({ responseIssuer: 'https://evil.example' })),
  signed('for another audience', /audience/i, () => ({ audience: 'https://other.example' })),
  signed('without an audience', /AudienceRestriction/, () => ({ audience: undefined })),
  signed('for another recipient', /another recipient/, () => ({ recipient: 'https://other.example' })),
  signed('without a recipient', /another recipient/, () => ({ recipient: undefined })),
  signed('to another destination', /another address/, () => ({ destination: 'https://other.example' })),
  signed('without a destination', /another address/, () => ({ destination: undefined })),
  signed('of another provider of ours', /another address/, ({ destination }) => ({
    destination: destination?.replace(/saml$/, 'saml-loose'),
  })),
  signed('that has expired', /expired/, () => ({ notOnOrAfter: minutes(-2) })),
  signed('that is not valid yet', /not yet valid/, () => ({ notBefore: minutes(10) })),
  signed('that answers no request', /answers no request/, () => ({
    inResponseTo: undefined,
    confirmedFor: undefined,
  })),
  signed('whose assertion answers no request', /answers no request/, () => ({ confirmedFor: undefined })),
  signed('that answers two requests', /two different requests/, () => ({ inResponseTo: '_other' })),
  signed('for a holder of a key', /bearer/, () => ({
    method: 'urn:oasis:names:tc:SAML:2.0:cm:holder-of-key',
  })),
  signed('with a transient NameID', /transient/, () => ({
    nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
  })),
  signed('with an empty NameID', /NameID is empty/, () => ({ nameId: '' })),
  signed('of the future', /in the future/, () => ({ authenticatedAt: minutes(10) })),
  signed('that refuses', /refused the sign-in: Responder/, () => ({
    status: 'urn:oasis:names:tc:SAML:2.0:status:Responder',
  })),
  ...[[], ['a', 'b']].map((member_id): Forgery => ({
    name: `with ${member_id.length} values of the member's key`,
    provider: 'saml-loose',
    forge: ({ fields, key }) =>
      signXml(responseXml({ ...fields, attributes: { member_id } }), 'Assertion', key),
    reason: /AttributeValue instead of one/,
  })),
];

const nested = '<a>'.repeat(100) + '</a>'.repeat(100);
const texts: Forgery[] = [
  altered('with another name', /Invalid/, (xml) => xml.replace('>alice<', '>bob<')),
  altered('with a comment in the name', /comment/, (xml) => xml.replace('>alice<', '>al<!-- x -->ice<')),
  altered('with a CDATA section', /CDATA/, (xml) => xml.replace('>alice<', '><![CDATA[alice]]><')),
  altered('with a processing instruction', /processing/, (xml) => xml.replace('>alice<', '>al<?x y?>ice<')),
  altered(
    'with an external entity (XXE)',
    /document type/,
    (xml) => `<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>${xml.replace('>alice<', '>&x;<')}`,
  ),
  altered(
    'with entities that grow',
    /document type/,
    (xml) =>
      `<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>${xml.replace('>alice<', '>&b;<')}`,
  ),
  altered('with an unknown entity', /malformed|Invalid/, (xml) => xml.replace('>alice<', '>&alice;<')),
  altered('that is cut', /malformed/, (xml) => xml.slice(0, -40)),
  altered('that is empty', /malformed|empty/, () => ''),
  altered('that is another message', /not a SAML response/, (xml) =>
    xml.replaceAll('samlp:Response', 'samlp:LogoutResponse'),
  ),
  altered('nested without end', /nested deeper/, (xml) =>
    xml.replace('<samlp:Status>', `${nested}<samlp:Status>`),
  ),
  altered('of many elements', /more than \d+ elements/, (xml) =>
    xml.replace('<samlp:Status>', `${'<a/>'.repeat(5000)}<samlp:Status>`),
  ),
  altered('of many attributes', /more than \d+ attributes/, (xml) =>
    xml.replace(
      '<samlp:Status>',
      `<a ${Array.from({ length: 3000 }, (_, n) => `b${n}=""`).join(' ')}/><samlp:Status>`,
    ),
  ),
  altered('that claims to be encrypted', /EncryptedAssertion instead of one/, (xml) =>
    xml.replace(/<saml:Assertion.*<\/saml:Assertion>/s, '<saml:EncryptedAssertion xmlns:saml="x"/>'),
  ),
];

export const forgeries: readonly Forgery[] = [...unsigned, ...wrappings, ...values, ...texts];
