import { describe, expect, it } from 'vitest';
import { isLoopbackAllowed, OutboundTarget } from './outbound-target.js';

/** Addresses and ports of a local platform, as in the configuration of its services. */
const config = {
  PORT: 4001,
  DATABASE_URL: 'postgres://registration:registration@127.0.0.1:54329/registration',
  AUTH_SERVER_URL: 'http://localhost:4000',
  CONSENT_URL: 'http://localhost:4002',
  SANDBOX_FHIR_BASE_URL: 'http://localhost:4003/sandbox/interop/external/fhir',
};

const target = (loopback: 'allowed' | 'refused') =>
  new OutboundTarget(config, isLoopbackAllowed(loopback, 'test'), '/webhooks');

const resolve = (of: OutboundTarget, host: string) =>
  new Promise<unknown>((done) => of.lookup(host, { all: true }, (error, found) => done(error ?? found)));

/** Addresses of inner networks in the spellings that URL parsers and resolvers accept. */
const inner = [
  '10.0.0.1',
  '172.16.9.9',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '255.255.255.255',
  '224.0.0.1',
  '2852039166',
  '0xa9fea9fe',
  '0251.0376.0251.0376',
  '10.1',
  '[::]',
  '[fd00::1]',
  '[fe80::1]',
  '[::ffff:10.0.0.1]',
  '[::ffff:a9fe:a9fe]',
  '[64:ff9b::a00:1]',
  '[::10.0.0.1]',
  '[4000::1]',
  '[2002:a00:1::]',
  '[ff02::1]',
];
const loopback = [
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0x7f.1',
  'localhost',
  'localhost.',
  'LOCALHOST',
  '[::1]',
];

describe('the addresses that a URL of a developer may reach', () => {
  it.each(inner)('refuses the inner address %s', (host) => {
    for (const choice of ['allowed', 'refused'] as const)
      expect(target(choice).refusalOf(`https://${host}/hook`)).toBe('must not lead to an inner address');
  });

  it.each(loopback)('refuses %s unless the system is local', (host) => {
    expect(target('refused').refusalOf(`https://${host}/hook`)).toBe('must not lead to an inner address');
    expect(target('refused').refusalOf(`http://${host}:9311/hook`)).toBe('must begin with https://');
    expect(target('allowed').refusalOf(`http://${host}:9311/hook`)).toBeUndefined();
  });

  it.each([4000, 4001, 4002, 4003, 54329])('refuses port %i of the local platform', (port) => {
    expect(target('allowed').refusalOf(`http://127.0.0.1:${port}/`)).toBe(
      'must not lead to a port of the platform',
    );
  });

  it.each([
    ['ftp://client-app.example/', 'must begin with https:// (http:// is for receivers on this machine)'],
    ['http://client-app.example/', 'must begin with https:// (http:// is for receivers on this machine)'],
    ['https://user:word@client-app.example/', 'must not contain a user name or a password'],
    ['https://client-app.example/#part', 'must not have a fragment'],
    ['client-app.example', 'must be an absolute URL such as https://client-app.example/webhooks'],
  ])('refuses %s', (url, reason) => {
    expect(target('allowed').refusalOf(url)).toBe(reason);
  });

  it('accepts a public https URL', () => {
    expect(target('refused').refusalOf('https://client-app.example/webhooks')).toBeUndefined();
    expect(target('refused').refusalOf('https://8.8.8.8/webhooks')).toBeUndefined();
    expect(target('refused').refusalOf('https://[2606:4700::1111]/webhooks')).toBeUndefined();
  });

  it('refuses a name that resolves to an inner address, at the time of the connection', async () => {
    const found = await resolve(target('refused'), 'localhost');
    expect(String(found)).toContain('localhost leads to an inner address');
    expect(await resolve(target('allowed'), 'localhost')).not.toBeInstanceOf(Error);
  });

  it('include this machine unless the system is in production', () => {
    expect(isLoopbackAllowed(undefined, 'development')).toBe(true);
    expect(isLoopbackAllowed(undefined, 'production')).toBe(false);
    expect(isLoopbackAllowed('allowed', 'production')).toBe(true);
  });
});
