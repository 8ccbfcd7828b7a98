import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isoCBOR } from '@simplewebauthn/server/helpers';

/** Flags of authenticator data (WebAuthn §6.1). */
const flags = { present: 0x01, verified: 0x04, hasKey: 0x40 };

/** How an answer differs from that of an honest browser. */
export interface Deviation {
  origin?: string;
  rpId?: string;
  challenge?: string;
  counter?: number;
  isVerified?: boolean;
  userHandle?: string;
  id?: string;
  signWith?: KeyObject;
}

interface CreationOptions {
  challenge: string;
  rp: { id?: string };
  user: { id: string };
}

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
const sha256 = (value: string | Uint8Array) => createHash('sha256').update(value).digest();

/** An authenticator with one passkey (ES256), and the browser in front of it. */
export class SoftwareAuthenticator {
  readonly id = base64url(randomBytes(32));
  counter = 0;
  private readonly keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  private userHandle = '';

  constructor(private readonly origin: string) {}

  /** The answer of `navigator.credentials.create()`. */
  create(options: CreationOptions, deviation: Deviation = {}) {
    this.userHandle = options.user.id;
    const jwk = this.keys.publicKey.export({ format: 'jwk' });
    const key = new Map<number, number | Uint8Array<ArrayBuffer>>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, new Uint8Array(Buffer.from(jwk.x ?? '', 'base64url'))],
      [-3, new Uint8Array(Buffer.from(jwk.y ?? '', 'base64url'))],
    ]);
    const id = Buffer.from(this.id, 'base64url');
    const length = Buffer.alloc(2);
    length.writeUInt16BE(id.length);
    const authData = Buffer.concat([
      this.data(options.rp.id ?? '', flags.hasKey, deviation),
      Buffer.alloc(16),
      length,
      id,
      isoCBOR.encode(key),
    ]);
    const attestation = new Map<string, string | Map<string, number> | Uint8Array<ArrayBuffer>>([
      ['fmt', 'none'],
      ['attStmt', new Map<string, number>()],
      ['authData', new Uint8Array(authData)],
    ]);
    return {
      ...this.credential(deviation),
      response: {
        clientDataJSON: this.clientData('webauthn.create', options.challenge, deviation),
        attestationObject: base64url(isoCBOR.encode(attestation)),
        transports: ['internal'],
      },
    };
  }

  /** The answer of `navigator.credentials.get()`. The counter is the one that the test has set. */
  get(options: { challenge: string; rpId?: string }, deviation: Deviation = {}) {
    const clientDataJSON = this.clientData('webauthn.get', options.challenge, deviation);
    const authenticatorData = this.data(options.rpId ?? '', 0, deviation);
    const signed = Buffer.concat([authenticatorData, sha256(Buffer.from(clientDataJSON, 'base64url'))]);
    return {
      ...this.credential(deviation),
      response: {
        clientDataJSON,
        authenticatorData: base64url(authenticatorData),
        signature: base64url(sign('sha256', signed, deviation.signWith ?? this.keys.privateKey)),
        userHandle: deviation.userHandle ?? this.userHandle,
      },
    };
  }

  private credential({ id = this.id }: Deviation) {
    return { id, rawId: id, type: 'public-key', clientExtensionResults: {} };
  }

  private clientData(type: string, sent: string, { origin = this.origin, challenge = sent }: Deviation) {
    return base64url(Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false })));
  }

  private data(id: string, more: number, deviation: Deviation): Buffer {
    const { rpId = id, counter = this.counter, isVerified = true } = deviation;
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    const flag = flags.present | (isVerified ? flags.verified : 0) | more;
    return Buffer.concat([sha256(rpId), Buffer.from([flag]), count]);
  }
}
