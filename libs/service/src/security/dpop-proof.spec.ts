import { beforeAll, describe, expect, it } from 'vitest';
import { createHash, randomUUID } from 'node:crypto';
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  SignJWT,
  type CryptoKey,
  type JWK,
  type JWTPayload,
} from 'jose';
import { dpopWindow, verifyDpopProof } from './dpop-proof.js';

const url = 'https://fhir.example/base/Patient/1';
const now = () => Math.floor(Date.now() / 1000);

describe('a DPoP proof', () => {
  let key: CryptoKey;
  let jwk: JWK;
  beforeAll(async () => {
    const pair = await generateKeyPair('ES256', { extractable: true });
    key = pair.privateKey;
    jwk = await exportJWK(pair.publicKey);
  });
  const proofOf = (claims: JWTPayload = {}, header: Record<string, unknown> = {}, signer = key) =>
    new SignJWT({ htm: 'GET', htu: url, iat: now(), jti: randomUUID(), ...claims })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header } as never)
      .sign(signer);

  it('names the thumbprint of its key, its jti and its end', async () => {
    const iat = now() - 5;
    const proof = await proofOf({ jti: 'one', iat });
    const verified = await verifyDpopProof(proof, { method: 'GET', url: `${url}?_summary=true` });
    expect(verified).toEqual({
      thumbprint: await calculateJwkThumbprint(jwk),
      jti: 'one',
      expiresAt: iat + dpopWindow,
    });
  });

  it('may write the URL of the request in another form of the same URL', async () => {
    for (const htu of ['HTTPS://FHIR.example:443/base/x/../Patient/1', `${url}?a=b#c`])
      await expect(verifyDpopProof(await proofOf({ htu }), { method: 'GET', url })).resolves.toBeDefined();
  });

  const accessToken = 'token';
  const ath = createHash('sha256').update(accessToken).digest('base64url');
  it.each<[string, JWTPayload, Record<string, unknown>, RegExp]>([
    ['another method', { htm: 'POST' }, {}, /htm must be GET/],
    ['a method in another case', { htm: 'get' }, {}, /htm must be GET/],
    ['another URL', { htu: 'https://fhir.example/base/Patient/2' }, {}, /htu must be/],
    ['no URL', { htu: undefined }, {}, /htu must be/],
    ['an old iat', { iat: now() - 400 }, {}, /iat must lie/],
    ['an iat in the future', { iat: now() + 400 }, {}, /iat must lie/],
    ['no iat', { iat: undefined }, {}, /iat must lie/],
    ['no jti', { jti: undefined }, {}, /jti must be/],
    ['a very long jti', { jti: 'x'.repeat(257) }, {}, /jti must be/],
    ['the hash of another token', { ath: 'other' }, {}, /ath must be/],
    ['no hash of the token', { ath: undefined }, {}, /ath must be/],
    ['another typ', {}, { typ: 'JWT' }, /typ must be dpop\+jwt/],
    ['no key', {}, { jwk: undefined }, /public key as jwk/],
  ])('is refused with %s', async (_case, claims, header, reason) => {
    const proof = await proofOf({ ath, ...claims }, header);
    await expect(verifyDpopProof(proof, { method: 'GET', url, accessToken })).rejects.toThrow(reason);
  });

  it('is refused with another algorithm, a foreign signature, a private key or no signature', async () => {
    const refused = async (proof: string, reason: RegExp) =>
      expect(verifyDpopProof(proof, { method: 'GET', url })).rejects.toThrow(reason);
    const byHmac = new SignJWT({}).setProtectedHeader({ alg: 'HS256', typ: 'dpop+jwt' });
    await refused(await byHmac.sign(new Uint8Array(32)), /alg must be one of/);
    const other = await generateKeyPair('ES256', { extractable: true });
    await refused(await proofOf({}, {}, other.privateKey), /signature was not made/);
    await refused(await proofOf({}, { jwk: await exportJWK(key) }), /public key as jwk/);
    await refused('text', /public key as jwk/);
  });
});
