import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/**
 * Creates a certificate authority (`authority.pem`, `.key`) in a directory, and certificates signed by it.
 * Needs OpenSSL.
 */
export function makeCertificates(directory: string, ...names: string[]): void {
  const file = (name: string) => join(directory, name);
  const make = (name: string, ...signer: string[]) => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
    const files = ['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)];
    execFileSync('openssl', ['req', '-x509', '-days', '2', ...key, ...subject, ...files, ...signer], {
      stdio: 'pipe',
    });
  };
  make('authority');
  for (const name of names) make(name, '-CA', file('authority.pem'), '-CAkey', file('authority.key'));
}
