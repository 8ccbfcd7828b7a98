import { describe, expect, it } from 'vitest';
import { generateKeyPairSync } from 'node:crypto';
import { appInEnvironment, fitKeys, keySetProblem, type AppState } from './index.js';

type Jwk = Record<string, unknown>;
const exported = (pair: { publicKey: { export(of: { format: 'jwk' }): unknown } }, kid: string) => ({
  ...(pair.publicKey.export({ format: 'jwk' }) as Jwk),
  kid,
});
const rsaPair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const rsa = exported(rsaPair, 'rsa');
const ec = exported(generateKeyPairSync('ec', { namedCurve: 'P-384' }), 'ec');

describe('the key set of an app', () => {
  it('is accepted with keys for RS384 and ES384', () => {
    expect(
      keySetProblem({ keys: [rsa, { ...ec, use: 'sig', alg: 'ES384', extra: ['kept'] }] }),
    ).toBeUndefined();
  });

  const p256 = exported(generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'a');

  it('is accepted with keys of two types that share a kid, and with keys for other purposes', () => {
    const others = [p256, { ...rsa, use: 'enc' }, { ...rsa, alg: 'RS256', kid: undefined }];
    const keys = [...others, rsa, { ...ec, kid: 'rsa' }];
    expect(keySetProblem({ keys })).toBeUndefined();
    expect(fitKeys({ keys })).toEqual([rsa, { ...ec, kid: 'rsa' }]);
    expect(keySetProblem({ keys: others })).toContain('key 1 needs the curve P-384');
    expect(keySetProblem({ keys: [rsa, { kty: 'oct', k: 'c2VjcmV0' }] })).toContain('key 2 has the member k');
  });

  it.each<[string, Jwk[], string]>([
    ['no key', [], 'at least one key'],
    ['too many keys', Array.from({ length: 21 }, (_, n) => ({ ...ec, kid: `k${n}` })), 'at most 20 keys'],
    [
      'a private key',
      [{ ...(rsaPair.privateKey.export({ format: 'jwk' }) as Jwk), kid: 'a' }],
      'not a public',
    ],
    ['a symmetric key', [{ kty: 'oct', k: 'c2VjcmV0', kid: 'a' }], 'not a public key'],
    ['a key without a kid', [{ ...rsa, kid: undefined }], 'needs a kid'],
    ['a kid that is no text', [{ ...rsa, kid: 7 }], 'needs a kid'],
    ['a kid of one type twice', [rsa, { ...rsa }], 'the kid of another key of its type'],
    ['a key for encryption', [{ ...rsa, use: 'enc' }], 'another use'],
    ['another algorithm', [{ ...rsa, alg: 'RS256' }], 'another alg'],
    ['the algorithm of another type', [{ ...rsa, alg: 'ES384' }], 'its alg is RS384'],
    ['another curve', [p256], 'curve P-384'],
    ['a short modulus', [exported(generateKeyPairSync('rsa', { modulusLength: 1024 }), 'a')], '2048 bits'],
    ['half a point', [{ ...ec, y: undefined }], 'coordinates'],
    ['another type', [exported(generateKeyPairSync('ed25519'), 'a')], 'neither RSA nor EC'],
    ['a control character', [{ ...rsa, note: '\0' }], 'ASCII'],
    ['half of a surrogate pair', [{ ...rsa, note: '\ud800' }], 'ASCII'],
    ['a very long text', [{ ...rsa, note: 'x'.repeat(40_000) }], 'at most 32000 characters'],
  ])('is refused with %s', (_case, keys, reason) => {
    expect(keySetProblem({ keys })).toContain(reason);
  });
});

describe('the secrets of an app', () => {
  const app = {
    client_id: 'app',
    redirect_uris: [],
    secrets: [{ sha256: 'own', expires_at: null }],
    portal_access: { redirect_uri: 'http://localhost:4001/cb', secret_sha256: 'portal' },
  } as unknown as AppState;
  const secretsOf = (state: AppState, environment: 'sandbox' | 'production') =>
    appInEnvironment(state, environment).secrets.map(({ sha256 }) => sha256);

  it("are valid with client_secret_basic only, except the portal's own in the sandbox", () => {
    for (const method of [undefined, 'client_secret_basic'] as const)
      expect(secretsOf({ ...app, token_endpoint_auth_method: method }, 'production')).toEqual(['own']);
    const signing: AppState = { ...app, token_endpoint_auth_method: 'private_key_jwt' };
    expect(secretsOf(signing, 'production')).toEqual([]);
    expect(secretsOf(signing, 'sandbox')).toEqual(['portal']);
  });
});
