import { z } from 'zod';

/** How an app may authenticate at the token, introspection and revocation endpoints (RFC 7591 §2). */
export const clientAuthMethods = ['client_secret_basic', 'private_key_jwt'] as const;
export type ClientAuthMethod = (typeof clientAuthMethods)[number];

/** Algorithms of a client assertion (SMART App Launch 2.2, Client Authentication: Asymmetric). */
export const assertionAlgorithms = ['RS384', 'ES384'] as const;

/** The type of the key that makes the signatures of an algorithm (RFC 7518 §3.1). */
const keyTypes: Record<(typeof assertionAlgorithms)[number], string> = { RS384: 'RSA', ES384: 'EC' };

/** The most seconds between now and `exp` of a client assertion (SMART App Launch 2.2: five minutes). */
export const assertionMaxLifetime = 300;

/** A JSON Web Key Set (RFC 7517 §5) with public keys. Unknown members stay in it. */
export const keySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });
export type KeySet = z.infer<typeof keySet>;
type Key = KeySet['keys'][number];

const maxKeys = 20;
const maxCharacters = 32_000;
/** Bytes of an RSA modulus of 2048 bits, and of a coordinate of the curve P-384. */
const minModulusBytes = 256;
const coordinateBytes = 48;

/** Members that only a private or symmetric key has (RFC 7518 §6). */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** A rule for one key. It returns the fault of the key, or undefined. */
type KeyRule = (key: Key) => string | undefined;

const isPublic: KeyRule = (key) => {
  const found = privateMembers.find((name) => name in key);
  return (
    found &&
    `has the member ${found}: it is not a public key. Make a new key pair, and register its public key`
  );
};

const isNamed: KeyRule = ({ kid }) =>
  typeof kid === 'string' && kid !== '' && kid.length <= 200
    ? undefined
    : 'needs a kid of at most 200 characters';

const isForSignatures: KeyRule = ({ use, alg }) => {
  if (use !== undefined && use !== 'sig') return 'has another use than sig';
  if (alg !== undefined && !(assertionAlgorithms as readonly unknown[]).includes(alg))
    return `has another alg than ${assertionAlgorithms.join(' or ')}`;
  return undefined;
};

const fitsItsType: KeyRule = (key) => {
  if (key.kty === 'RSA') {
    if (bytesOf(key.n) < minModulusBytes) return 'needs an RSA modulus n of at least 2048 bits';
    if (key.alg !== undefined && key.alg !== 'RS384') return 'is an RSA key, so its alg is RS384';
    return bytesOf(key.e) > 0 ? undefined : 'needs the exponent e';
  }
  if (key.kty === 'EC') {
    if (key.crv !== 'P-384') return 'needs the curve P-384, which ES384 uses';
    if (key.alg !== undefined && key.alg !== 'ES384') return 'is an EC key, so its alg is ES384';
    const fits = [key.x, key.y].every((coordinate) => bytesOf(coordinate) === coordinateBytes);
    return fits ? undefined : 'needs the coordinates x and y of a point of P-384';
  }
  return 'has a kty that is neither RSA nor EC';
};

const keyRules: readonly KeyRule[] = [isPublic, isNamed, isForSignatures, fitsItsType];

/** The keys of a set that an app can sign its assertions with. Others are for other purposes of the app. */
export const fitKeys = ({ keys }: KeySet): Key[] => keys.filter((key) => keyProblem(key) === undefined);

/** Whether a fit key makes the signatures of an algorithm. */
export const isKeyFor = (key: Key, alg: unknown): boolean =>
  (keyTypes as Record<string, unknown>)[String(alg)] === key.kty;

/** The fault of a key that an app signs its assertions with. Undefined when the key is fit. */
function keyProblem(key: Key): string | undefined {
  for (const rule of keyRules) {
    const problem = rule(key);
    if (problem) return problem;
  }
  return undefined;
}

/**
 * Checks a key set at registration. Beside a fit key, keys for other purposes are accepted and not used, but
 * a private key never is.
 * @returns the first fault and its fix, or undefined
 */
export function keySetProblem({ keys }: KeySet): string | undefined {
  if (keys.length === 0) return 'must have at least one key';
  if (keys.length > maxKeys) return `must have at most ${maxKeys} keys`;
  const text = JSON.stringify(keys);
  if (text.length > maxCharacters) return `must have at most ${maxCharacters} characters`;
  // JSON writes a control character and half of a surrogate pair as \\u.
  if (!/^[\x20-\x7e]*$/.test(text) || text.includes('\\u')) return 'must have ASCII characters only';
  return faultOfAKey(keys, isPublic) ?? faultOfFitKeys(keys);
}

/** RFC 7517 §4.5: keys of different types may share a kid. */
function faultOfFitKeys(keys: readonly Key[]): string | undefined {
  const fit = fitKeys({ keys: [...keys] });
  if (fit.length === 0) return faultOfAKey(keys, keyProblem);
  return faultOfAKey(keys, (key) =>
    fit.find(({ kid, kty }) => kid === key.kid && kty === key.kty) !== key && fit.includes(key)
      ? 'has the kid of another key of its type; each key of a type needs its own kid'
      : undefined,
  );
}

function faultOfAKey(keys: readonly Key[], rule: KeyRule): string | undefined {
  for (const [index, key] of keys.entries()) {
    const problem = rule(key);
    if (problem) return `key ${index + 1} ${problem}`;
  }
  return undefined;
}

/** Bytes of a base64url value; 0 for any other value. */
function bytesOf(value: unknown): number {
  if (typeof value !== 'string' || !/^[A-Za-z0-9_-]+$/.test(value)) return 0;
  return Math.floor((value.length * 3) / 4);
}
