import type { SamlProviderRule } from '../../member-provider-rules/provider-rules.js';
import { checkEncryption } from './encrypted-assertion.js';
import { allowedAlgorithms, namespaces, statusSuccess } from './saml-names.js';
import { childElements, childrenNamed, elementsOf, onlyChild, parseXml, textOf } from './xml.js';

/** Values of a response that its own signature may not cover. */
export interface ResponseHead {
  destination: string;
  inResponseTo: string;
  /** Absent when the provider leaves it to the assertion. */
  issuer: string | undefined;
  isEncrypted: boolean;
}

/** The rules of a provider that decide the shape of its responses. */
type Policy = Pick<SamlProviderRule, 'decryption' | 'require_signed_response'>;

/**
 * Checks the shape of a response before its signatures are verified. One shape is allowed: a Response with
 * one Assertion or EncryptedAssertion, each with at most one signature of itself. So a signature cannot cover
 * an element other than the element that is read (XML signature wrapping).
 *
 * @throws Error that names the fault, or the provider's own status (SAML Core §3.2.2.2)
 */
export function checkStructure(xml: string, policy: Policy): ResponseHead {
  const response = parseXml(xml);
  const elements = elementsOf(response);
  if (response.namespaceURI !== namespaces.protocol || response.localName !== 'Response')
    throw new Error('the document is not a SAML response');
  if (response.getAttribute('Version') !== '2.0') throw new Error('the response is not of SAML 2.0');
  checkStatus(response);
  const named = namesIn(elements);
  const encrypted = named('EncryptedAssertion').length > 0;
  const carrier = onlyChild(response, namespaces.assertion, encrypted ? 'EncryptedAssertion' : 'Assertion');
  checkEncryptedParts(elements);
  if (named('Response').length > 1 || named('Assertion', 'EncryptedAssertion').length > 1)
    throw new Error('the response contains a second response or assertion');
  if (encrypted) checkEncryption(carrier, policy.require_signed_response);
  if (encrypted && !policy.decryption)
    throw new Error('the assertion is encrypted, and no key is configured');
  if (!encrypted && policy.decryption?.required) throw new Error('the assertion is not encrypted');
  checkIds(elements);
  checkSignatures(named('Signature'), encrypted ? [response] : [response, carrier]);
  const [issuer] = childrenNamed(response, namespaces.assertion, 'Issuer');
  return {
    destination: response.getAttribute('Destination') ?? '',
    inResponseTo: response.getAttribute('InResponseTo') ?? '',
    issuer: issuer && textOf(issuer),
    isEncrypted: encrypted,
  };
}

/**
 * Checks an assertion that was encrypted, by the same rules: one assertion, which only itself signs.
 * @throws Error that names the fault
 */
export function checkDecrypted(xml: string): void {
  const assertion = parseXml(xml);
  const elements = elementsOf(assertion);
  const named = namesIn(elements);
  if (assertion.namespaceURI !== namespaces.assertion || assertion.localName !== 'Assertion')
    throw new Error('the encrypted text is not an assertion');
  if (named('Response').length > 0 || named('Assertion', 'EncryptedAssertion').length > 1)
    throw new Error('the encrypted text contains a second response or assertion');
  checkEncryptedParts(elements);
  checkIds(elements);
  checkSignatures(named('Signature'), [assertion]);
}

const namesIn =
  (elements: readonly Element[]) =>
  (...names: string[]): Element[] =>
    elements.filter(({ localName }) => names.includes(localName));

function checkEncryptedParts(elements: readonly Element[]): void {
  if (namesIn(elements)('EncryptedID', 'EncryptedAttribute').length > 0)
    throw new Error('a part of the assertion is encrypted by itself, which is not supported');
}

/** @param signable the elements that may contain a signature of themselves, one each */
function checkSignatures(signatures: readonly Element[], signable: readonly Element[]): void {
  for (const signature of signatures) {
    const parent = signature.parentNode as Element;
    if (!signable.includes(parent)) throw new Error('a signature is in an element that it cannot sign');
    checkSignature(signature, parent);
  }
  for (const parent of signable)
    if (signatures.filter(({ parentNode }) => parentNode === parent).length > 1)
      throw new Error(`${parent.localName} has more than one signature`);
}

/** The provider's error, such as a member who canceled. The words are the provider's, so few are logged. */
function checkStatus(response: Element): void {
  const code = onlyChild(
    onlyChild(response, namespaces.protocol, 'Status'),
    namespaces.protocol,
    'StatusCode',
  );
  const value = code.getAttribute('Value');
  if (value === statusSuccess) return;
  const [inner] = childElements(code);
  const words = [value, inner?.getAttribute('Value')].map((each) => /\w{1,40}$/.exec(each ?? '')?.[0]);
  throw new Error(`the provider refused the sign-in: ${words.filter(Boolean).join(' ')}`);
}

/** Each id identifies one element. An id can have three spellings (xml:id, and `Id` in XML Signature). */
function checkIds(elements: readonly Element[]): void {
  const seen = new Set<string>();
  for (const element of elements)
    for (const { name, value } of Array.from(element.attributes)) {
      if (!/^(.*:)?id$/i.test(name)) continue;
      if (seen.has(value)) throw new Error('two elements have the same id');
      seen.add(value);
    }
}

/** SAML Core §5.4: an enveloped signature with one reference, to the element that contains the signature. */
function checkSignature(signature: Element, signed: Element): void {
  const allowed = ['SignedInfo', 'SignatureValue', 'KeyInfo'];
  if (signature.namespaceURI !== namespaces.signature) throw new Error('a signature is not of XML Signature');
  for (const { localName } of childElements(signature))
    if (!allowed.includes(localName)) throw new Error(`a signature contains ${localName}`);
  const info = onlyChild(signature, namespaces.signature, 'SignedInfo');
  onlyChild(signature, namespaces.signature, 'SignatureValue');
  const reference = onlyChild(info, namespaces.signature, 'Reference');
  const id = signed.getAttribute('ID') ?? '';
  if (!/^[A-Za-z_][\w.-]*$/.test(id) || reference.getAttribute('URI') !== `#${id}`)
    throw new Error('a signature does not refer to the element that contains it');
  for (const element of elementsOf(info)) {
    const algorithms = allowedAlgorithms[element.localName];
    const algorithm = element.getAttribute('Algorithm') ?? '';
    if (algorithms && !algorithms.includes(algorithm))
      throw new Error(`the algorithm ${algorithm.slice(0, 80)} is not allowed`);
  }
}
