import { generateKeyPairSync, sign } from 'node:crypto';

/** A key and its certificate, both PEM. */
export interface CertifiedKey {
  privateKey: string;
  certificate: string;
}

/** DER, X.690: a tag, the length and the content. */
function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 128) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const bytes: number[] = [];
  for (let length = content.length; length > 0; length >>= 8) bytes.unshift(length & 0xff);
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length, ...bytes]), content]);
}

const sequence = (...parts: Uint8Array[]) => der(0x30, ...parts);
/** 2.5.4.3, commonName. */
const commonName = Buffer.from('0603550403', 'hex');
/** 1.2.840.113549.1.1.11, sha256WithRSAEncryption, with NULL parameters. */
const sha256WithRsa = sequence(Buffer.from('06092a864886f70d01010b0500', 'hex'));

/** Makes an RSA key and a certificate of it that is valid for fifty years (RFC 5280 §4.1). */
export function certifiedKey(name: string, bits = 2048): CertifiedKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  const subject = sequence(der(0x31, sequence(commonName, der(0x0c, Buffer.from(name)))));
  const time = (text: string) => der(0x18, Buffer.from(text));
  const body = sequence(
    der(0x02, Buffer.from([1])),
    sha256WithRsa,
    subject,
    sequence(time('20200101000000Z'), time('20700101000000Z')),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, privateKey));
  const base64 = sequence(body, sha256WithRsa, signature).toString('base64').replace(/.{64}/g, '$&\n');
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    certificate: `-----BEGIN CERTIFICATE-----\n${base64.trimEnd()}\n-----END CERTIFICATE-----\n`,
  };
}
