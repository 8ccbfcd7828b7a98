import { describe, expect, it } from 'vitest';
import { createHmac } from 'node:crypto';
import { decodeJwt, SignJWT, type JWTPayload } from 'jose';
import { localSigningKey, newServiceKey, publicKeysOf, signingKeyOf } from '@payer/events';
import { serviceNames, type ServiceName } from '@payer/smart';
import { ServiceIdentity } from './service-identity.js';

let now = Date.parse('2026-11-28T12:00:00Z');
const identityOf = (service: ServiceName) =>
  new ServiceIdentity(localSigningKey(service), publicKeysOf({}), () => now);
const consent = identityOf('consent');
const callers = ['fhir-api'] as const;
const answerTo = (authorization: string | undefined) =>
  consent.refuseStrangers(authorization, callers).then(
    (caller) => caller,
    (problem: { getStatus(): number }) => problem.getStatus(),
  );

/** A token of fhir-api for consent, with the given deviations. */
async function token({
  payload = {},
  header = {},
  key = localSigningKey('fhir-api'),
}: {
  payload?: JWTPayload;
  header?: Record<string, unknown>;
  key?: ReturnType<typeof localSigningKey>;
} = {}): Promise<string> {
  const seconds = Math.floor(now / 1000);
  const claims = { iss: 'fhir-api', aud: 'consent', iat: seconds, exp: seconds + 60, ...payload };
  const text = await new SignJWT(JSON.parse(JSON.stringify(claims)) as JWTPayload)
    .setProtectedHeader({ alg: 'EdDSA', typ: 'service+jwt', kid: key.kid, ...header } as never)
    .sign(key.privateKey);
  return `Bearer ${text}`;
}

describe('a call from service to service', () => {
  it('is let in with the token that its caller makes, and the callee knows who calls', async () => {
    expect(await answerTo(await identityOf('fhir-api').authorizationFor('consent'))).toBe('fhir-api');
    expect(await answerTo(await token())).toBe('fhir-api');
  });

  it('is refused without a token, and with anything that is none', async () => {
    const text = (await token()).slice('Bearer '.length);
    const tampered = text.replace(
      /\.[^.]+\./,
      `.${Buffer.from('{"iss":"fhir-api","aud":"consent"}').toString('base64url')}.`,
    );
    const unsigned = `${Buffer.from('{"alg":"none","typ":"service+jwt"}').toString('base64url')}.${text.split('.')[1]}.`;
    const symmetric = [
      Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'service+jwt', kid: localSigningKey('fhir-api').kid })),
      Buffer.from(JSON.stringify(decodeJwt(text))),
    ].map((part) => part.toString('base64url'));
    symmetric.push(
      createHmac('sha256', localSigningKey('fhir-api').kid).update(symmetric.join('.')).digest('base64url'),
    );
    for (const header of [
      undefined,
      '',
      'Bearer',
      'Bearer local-only-internal-token',
      text,
      `Basic ${text}`,
      `Bearer ${tampered}`,
      `Bearer ${unsigned}`,
      `Bearer ${symmetric.join('.')}`,
    ])
      expect(await answerTo(header)).toBe(401);
  });

  it('is refused when a service uses its own key to be another, or a key that nobody knows', async () => {
    for (const service of serviceNames.filter((name) => name !== 'fhir-api'))
      expect(await answerTo(await token({ key: localSigningKey(service) }))).toBe(401);
    const stranger = signingKeyOf('fhir-api', { SERVICE_SIGNING_KEY: newServiceKey().pem });
    expect(await answerTo(await token({ key: stranger }))).toBe(401);
    expect(await answerTo(await token({ header: { kid: stranger.kid } }))).toBe(401);
  });

  it('is refused for another audience, for several, and with a token of another type', async () => {
    for (const aud of ['registration', ['consent', 'registration'], ['consent'], undefined])
      expect(await answerTo(await token({ payload: { aud } }))).toBe(401);
    expect(await answerTo(await identityOf('fhir-api').authorizationFor('registration'))).toBe(401);
    for (const typ of ['JWT', 'at+jwt', undefined])
      expect(await answerTo(await token({ header: { typ } }))).toBe(401);
  });

  it('is refused when the token is too old, too young, or meant to last longer', async () => {
    const seconds = Math.floor(now / 1000);
    for (const payload of [
      { iat: seconds - 300, exp: seconds - 240 },
      { iat: seconds - 300, exp: seconds + 3600 },
      { iat: seconds + 300, exp: seconds + 360 },
      { exp: undefined },
      { iat: undefined },
      { iss: undefined },
    ])
      expect(await answerTo(await token({ payload }))).toBe(401);
  });

  it('is refused with 403 when its caller may not use the route', async () => {
    expect(await answerTo(await identityOf('registration').authorizationFor('consent'))).toBe(403);
    expect(await answerTo(await identityOf('consent').authorizationFor('consent'))).toBe(403);
  });

  it('uses a token again until shortly before it ends, also when the clock is set back', async () => {
    const caller = identityOf('fhir-api');
    const first = await caller.authorizationFor('consent');
    now += 40_000;
    expect(await caller.authorizationFor('consent')).toBe(first);
    now += 10_000;
    const second = await caller.authorizationFor('consent');
    expect(second).not.toBe(first);
    now -= 3_600_000;
    const third = await caller.authorizationFor('consent');
    expect(await answerTo(third)).toBe('fhir-api');
  });
});
