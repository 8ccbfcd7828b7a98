import { constants, createCipheriv, publicEncrypt, randomBytes } from 'node:crypto';

/** The parts of an encryption that a test may replace. */
export interface Encryption {
  /** The recipient's certificate, PEM. */
  certificate: string;
  content?: 'aes128-cbc' | 'aes256-cbc' | 'aes128-gcm' | 'aes256-gcm';
  transport?: 'rsa-oaep-mgf1p' | 'rsa-1_5';
}

const xmlenc = 'http://www.w3.org/2001/04/xmlenc#';
const xmlenc11 = 'http://www.w3.org/2009/xmlenc11#';

const part = (name: string, algorithm: string, info: string, value: Buffer) =>
  `<xenc:${name} xmlns:xenc="${xmlenc}"><xenc:EncryptionMethod Algorithm="${algorithm}"/>${info}` +
  `<xenc:CipherData><xenc:CipherValue>${value.toString('base64')}</xenc:CipherValue></xenc:CipherData></xenc:${name}>`;

/** Encrypts a text, such as an assertion, as SAML 2.0 EncryptedAssertion (SAML Core §2.3.4). */
export function encryptedAssertion(text: string, options: Encryption): string {
  const { certificate, content = 'aes256-gcm', transport = 'rsa-oaep-mgf1p' } = options;
  const isGcm = content.endsWith('gcm');
  const key = randomBytes(content.startsWith('aes128') ? 16 : 32);
  const iv = randomBytes(isGcm ? 12 : 16);
  const cipher = createCipheriv(`aes-${content.slice(3, 6)}-${isGcm ? 'gcm' : 'cbc'}`, key, iv);
  const encrypted = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final()]);
  const tag = isGcm ? (cipher as unknown as { getAuthTag(): Buffer }).getAuthTag() : Buffer.alloc(0);
  const padding = transport === 'rsa-1_5' ? constants.RSA_PKCS1_PADDING : constants.RSA_PKCS1_OAEP_PADDING;
  const wrapped = publicEncrypt({ key: certificate, padding, oaepHash: 'sha1' }, key);
  const encryptedKey = part('EncryptedKey', `${xmlenc}${transport}`, '', wrapped);
  const info = `<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">${encryptedKey}</ds:KeyInfo>`;
  const data = part(
    'EncryptedData',
    `${isGcm ? xmlenc11 : xmlenc}${content}`,
    info,
    Buffer.concat([encrypted, tag]),
  );
  return `<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${data}</saml:EncryptedAssertion>`;
}
