import { describe, expect, it } from 'vitest';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { serviceNames } from '@payer/smart';
import { localServiceKeys, newServiceKey, publicKeysOf, serviceKeys, signingKeyOf } from './service-keys.js';

const made = Object.fromEntries(serviceNames.map((service) => [service, newServiceKey()]));
const publicSet = () =>
  Object.fromEntries(Object.entries(made).map(([service, { jwk }]) => [service, [jwk]]));
const config = {
  SERVICE_SIGNING_KEY: made.consent!.pem,
  SERVICE_PUBLIC_KEYS: JSON.stringify(publicSet()),
};

describe('the keys of services', () => {
  it('are PEM, PEM on one line, or JWK, and the kid is the thumbprint of RFC 7638', () => {
    const { pem } = made.consent!;
    const jwk = JSON.stringify(createPrivateKey(pem).export({ format: 'jwk' }));
    const kids = [pem, pem.replaceAll('\n', '\\n'), jwk].map(
      (SERVICE_SIGNING_KEY) => signingKeyOf('consent', { SERVICE_SIGNING_KEY }).kid,
    );
    expect(new Set(kids).size).toBe(1);
    expect(kids[0]).toMatch(/^[\w-]{43}$/);
    // RFC 8037 appendix A.3.
    const example =
      '{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}';
    expect(signingKeyOf('consent', { SERVICE_SIGNING_KEY: example }).kid).toBe(
      'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
    );
  });

  it('of a local system are derived, one for each service', () => {
    const kids = serviceNames.map((service) => serviceKeys(service, {}).own.kid);
    expect(new Set(kids).size).toBe(serviceNames.length);
  });

  it('overlap while a service changes its key: events of both are believed', () => {
    const next = newServiceKey();
    const set = { ...publicSet(), consent: [made.consent!.jwk, next.jwk] };
    const SERVICE_PUBLIC_KEYS = JSON.stringify(set);
    for (const { pem } of [made.consent!, next])
      expect(
        serviceKeys('consent', { SERVICE_SIGNING_KEY: pem, SERVICE_PUBLIC_KEYS }, true).own,
      ).toBeDefined();
  });

  it('that are wrong stop the start with the variable, and without the value', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const wrong = [
      'secret-secret-secret',
      '{"kty":"OKP"}',
      String(rsa.export({ format: 'pem', type: 'pkcs8' })),
    ];
    for (const SERVICE_SIGNING_KEY of wrong) {
      const start = () => serviceKeys('consent', { ...config, SERVICE_SIGNING_KEY });
      expect(start).toThrow('SERVICE_SIGNING_KEY must be an Ed25519 private key');
      expect(start).not.toThrow(SERVICE_SIGNING_KEY.slice(0, 40));
    }
    const { consent: _, ...three } = publicSet();
    const shared = { ...publicSet(), registration: [made.consent!.jwk] };
    const sets: [set: unknown, message: string][] = [
      [[], 'must be JSON'],
      [{ ...publicSet(), stranger: [made.consent!.jwk] }, 'must be JSON'],
      [{ ...publicSet(), consent: [] }, 'must be JSON'],
      [{ ...publicSet(), consent: [{ kty: 'RSA' }] }, 'must be JSON'],
      [three, 'lacks consent'],
      [shared, 'the same key'],
    ];
    for (const [set, message] of sets)
      expect(() => publicKeysOf({ SERVICE_PUBLIC_KEYS: JSON.stringify(set) })).toThrow(message);
    expect(() => publicKeysOf({ SERVICE_PUBLIC_KEYS: 'no JSON' })).toThrow('it is not JSON');
  });

  it('must fit: a service whose events nobody would believe does not start', () => {
    expect(() => serviceKeys('consent', { ...config, SERVICE_SIGNING_KEY: newServiceKey().pem })).toThrow(
      'has no key of consent that fits',
    );
    expect(() => serviceKeys('registration', config)).toThrow('has no key of registration that fits');
  });

  it('that anybody can derive are refused in production, also beside others', () => {
    const derived = signingKeyOf('consent', {});
    const jwk = createPrivateKey(derived.privateKey.export({ format: 'pem', type: 'pkcs8' })).export({
      format: 'jwk',
    });
    const set = { ...publicSet(), consent: [made.consent!.jwk, { kty: jwk.kty, crv: jwk.crv, x: jwk.x }] };
    const mixed = { ...config, SERVICE_PUBLIC_KEYS: JSON.stringify(set) };
    for (const refused of [mixed, { SERVICE_SIGNING_KEY: localServiceKeys }, {}])
      expect(() => serviceKeys('consent', refused, true)).toThrow('SERVICE_PUBLIC_KEYS');
    expect(serviceKeys('consent', config, true).own.kid).toBeDefined();
  });
});
