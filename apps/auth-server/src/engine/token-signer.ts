import { sign, type KeyObject } from 'node:crypto';
import type { SigningAlgorithm } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { Keys } from '../keys/keys.js';

/** Signs JWTs with the newest key of an environment (RFC 7515 §3.1). */
export class TokenSigner {
  /** The encoded protected header of each key and `typ`. Grows by two with each rotation. */
  private readonly headers = new Map<string, string>();

  constructor(
    private readonly keys: Keys,
    private readonly environment: Environment,
  ) {}

  /** @param typ `at+jwt` for access tokens (RFC 9068 §2.1); id_tokens have none */
  async sign(alg: SigningAlgorithm, typ: string | undefined, claims: object): Promise<string> {
    const { kid, key } = this.keys.signing(this.environment, alg);
    const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
    const signed = `${this.header(alg, typ, kid)}.${payload}`;
    const signature = await signatures[alg](Buffer.from(signed), key);
    return `${signed}.${signature.toString('base64url')}`;
  }

  private header(alg: SigningAlgorithm, typ: string | undefined, kid: string): string {
    const name = `${kid} ${typ}`;
    let header = this.headers.get(name);
    if (header === undefined) {
      header = Buffer.from(JSON.stringify({ alg, typ, kid })).toString('base64url');
      this.headers.set(name, header);
    }
    return header;
  }
}

/**
 * The thread pool makes RSA signatures, which take a millisecond. ES256 signatures are too short for that.
 */
const signatures: Record<SigningAlgorithm, (data: Buffer, key: KeyObject) => Promise<Buffer> | Buffer> = {
  RS256: (data, key) =>
    new Promise((resolve, reject) =>
      sign('sha256', data, key, (error, signature) => (error ? reject(error) : resolve(signature))),
    ),
  ES256: (data, key) => sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' }),
};
