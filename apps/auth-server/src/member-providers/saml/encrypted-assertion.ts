import { constants, createDecipheriv, privateDecrypt } from 'node:crypto';
import { namespaces } from './saml-names.js';
import { childElements, childrenNamed, onlyChild, parseXml, textOf } from './xml.js';

const oaep = 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p';

/** The digest of OAEP needs no resistance to collisions, so SHA-1 is safe in it (RFC 8017 §B.1). */
const sha1 = 'http://www.w3.org/2000/09/xmldsig#sha1';

/** GCM detects a change of the encrypted text. */
const authenticated = [
  'http://www.w3.org/2009/xmlenc11#aes128-gcm',
  'http://www.w3.org/2009/xmlenc11#aes256-gcm',
];

/**
 * CBC detects none. It is accepted below a signature only, which is verified before the text is decrypted.
 */
const unauthenticated = [
  'http://www.w3.org/2001/04/xmlenc#aes128-cbc',
  'http://www.w3.org/2001/04/xmlenc#aes256-cbc',
];

/**
 * Checks an EncryptedAssertion before it is decrypted. One shape is allowed: EncryptedData that contains its
 * EncryptedKey. RSA with PKCS #1 v1.5 is refused, because its errors reveal the text (XML Encryption §5.5.1).
 * @param isSigned whether the response needs a valid signature around the encrypted text
 * @throws Error that names the fault
 */
export function checkEncryption(encrypted: Element, isSigned: boolean): void {
  const { encryption, signature } = namespaces;
  const data = onlyChild(encrypted, encryption, 'EncryptedData');
  if (childElements(encrypted).length > 1)
    throw new Error('the encrypted assertion has its key beside the data instead of in it');
  const info = onlyChild(data, signature, 'KeyInfo');
  const key = onlyChild(info, encryption, 'EncryptedKey');
  if (childElements(info).length > 1) throw new Error('the encrypted assertion has more than one key');
  const allowed = isSigned ? [...authenticated, ...unauthenticated] : authenticated;
  checkAlgorithm(data, allowed);
  checkAlgorithm(key, [oaep]);
  const [digest] = childrenNamed(onlyChild(key, encryption, 'EncryptionMethod'), signature, 'DigestMethod');
  if (digest && digest.getAttribute('Algorithm') !== sha1)
    throw new Error('the key is encrypted by OAEP with another digest than SHA-1');
  for (const part of [data, key]) cipherOf(part);
}

function checkAlgorithm(part: Element, allowed: readonly string[]): void {
  const method = onlyChild(part, namespaces.encryption, 'EncryptionMethod');
  const algorithm = method.getAttribute('Algorithm') ?? '';
  if (!allowed.includes(algorithm))
    throw new Error(`the encryption ${algorithm.slice(0, 80)} is not allowed`);
}

function cipherOf(part: Element): Buffer {
  const { encryption } = namespaces;
  return Buffer.from(
    textOf(onlyChild(onlyChild(part, encryption, 'CipherData'), encryption, 'CipherValue')),
    'base64',
  );
}

/**
 * Decrypts the assertion of a response whose structure and signatures were checked. The library that verifies
 * the assertion keeps the text to itself, and drops a document type from it.
 * @param privateKey PEM
 */
export function decryptAssertion(xml: string, privateKey: string): string {
  const { assertion, encryption, signature } = namespaces;
  const data = onlyChild(
    onlyChild(parseXml(xml), assertion, 'EncryptedAssertion'),
    encryption,
    'EncryptedData',
  );
  const encryptedKey = onlyChild(onlyChild(data, signature, 'KeyInfo'), encryption, 'EncryptedKey');
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const key = privateDecrypt({ key: privateKey, padding, oaepHash: 'sha1' }, cipherOf(encryptedKey));
  const method = onlyChild(data, encryption, 'EncryptionMethod').getAttribute('Algorithm') ?? '';
  const bytes = cipherOf(data);
  if (unauthenticated.includes(method)) {
    const decipher = createDecipheriv(`aes-${key.length * 8}-cbc`, key, bytes.subarray(0, 16));
    const text = Buffer.concat([decipher.setAutoPadding(false).update(bytes.subarray(16)), decipher.final()]);
    // XML Encryption §5.2: only the last byte of the padding has a meaning.
    return text.subarray(0, text.length - (text.at(-1) ?? 0)).toString('utf8');
  }
  const decipher = createDecipheriv(`aes-${key.length === 16 ? 128 : 256}-gcm`, key, bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8');
}
