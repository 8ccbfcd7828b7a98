import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { brandOf, brandVariables } from './brand.js';
import { addressesFrom, addressVariables } from './addresses.js';
import { listVariable, loadConfig, requiredInProduction, secret, strictInProduction } from './config.js';
import { commonVariables } from './variables.js';

describe('the brand of the plan', () => {
  const brand = (variables: Record<string, string>) => brandOf(loadConfig(brandVariables, variables));

  it('is the name alone by default, and takes a logo, colours, a contact and links', () => {
    expect(brand({})).toMatchObject({ planName: 'Example Health Plan', colors: undefined, links: {} });
    const full = brand({
      PLAN_NAME: 'Riverbend',
      PLAN_LOGO: 'data:image/svg+xml;base64,PHN2Zy8+',
      PLAN_COLOR: '#7B2D8B',
      PLAN_CONTACT: '1-800-555-0199',
      PLAN_PRIVACY_URL: 'https://riverbend.example/privacy',
    });
    expect(full.colors?.light).toMatchObject({ accent: '#7b2d8b', accentText: '#ffffff' });
    expect(full.links.privacy).toBe('https://riverbend.example/privacy');
  });

  it.each([
    [
      { PLAN_COLOR: '#ffcc00' },
      /PLAN_COLOR is "#ffcc00": has a contrast of 1\.\d:1 .*needs 4\.5:1.*nearest .*#[0-9a-f]{6}/,
    ],
    [{ PLAN_COLOR_DARK: '#0b5c8a' }, /PLAN_COLOR_DARK .*of dark pages/],
    [{ PLAN_COLOR: 'purple' }, /must be a colour such as/],
    [{ PLAN_COLOR: '#7b2d8b}body{display:none' }, /must be a colour such as/],
    [{ PLAN_LOGO: 'https://elsewhere.example/logo.png' }, /begins with data:image\/png/],
    [{ PLAN_LOGO: 'data:text/html;base64,PGI+' }, /begins with data:image\/png/],
    [{ PLAN_HELP_URL: 'javascript:alert(1)' }, /begins with https/],
  ])('stops the start with a reason: %j', (variables, message) => {
    expect(() => brand(variables as Record<string, string>)).toThrow(message);
  });

  it('refuses a logo that would make every page heavy, in a short message', () => {
    const PLAN_LOGO = `data:image/png;base64,${'A'.repeat(70_000)}`;
    expect(() => brand({ PLAN_LOGO })).toThrow(/^.{1,400}: must have at most 65536 characters$/s);
  });

  it('takes the shade that the message names', () => {
    const message = (() => {
      try {
        return String(brand({ PLAN_COLOR: '#00cc66' }));
      } catch (error) {
        return (error as Error).message;
      }
    })();
    const [shade = ''] = /#[0-9a-f]{6}$/.exec(message) ?? [];
    expect(brand({ PLAN_COLOR: shade }).colors?.light.accent).toBe(shade);
  });
});

describe('configuration', () => {
  const variables = {
    PORT: z.coerce.number().int().min(0).max(65535).default(4000),
    NAMES: listVariable('a, b'),
    COOKIE_KEY: secret('a-local-secret-of-no-value'),
  };

  it('has a default for everything on a single machine; an empty variable counts as not set', () => {
    expect(loadConfig(variables, { PORT: '' })).toEqual({
      PORT: 4000,
      NAMES: ['a', 'b'],
      COOKIE_KEY: 'a-local-secret-of-no-value',
    });
  });

  it('names every wrong variable in one message, and never a secret', () => {
    const wrong = () => loadConfig(variables, { PORT: '99999', COOKIE_KEY: 'short-one' });
    expect(wrong).toThrow(/PORT is "99999"/);
    expect(wrong).toThrow(/COOKIE_KEY is set: must have at least 16 characters/);
    expect(wrong).not.toThrow(/short-one/);
  });

  it('refuses local secrets in production, also when they are given on purpose', () => {
    for (const COOKIE_KEY of [undefined, 'a-local-secret-of-no-value'])
      expect(() => loadConfig(variables, { NODE_ENV: 'production', COOKIE_KEY })).toThrow(
        /COOKIE_KEY must be set/,
      );
    const COOKIE_KEY = randomBytes(32).toString('hex');
    expect(loadConfig(variables, { NODE_ENV: 'production', COOKIE_KEY }).PORT).toBe(4000);
  });

  it.each([
    'x'.repeat(64),
    'ab'.repeat(20),
    'changeme'.repeat(4),
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab',
    '0000000000000001',
    '0123456789abcdef',
    'zyxwvutsrqponmlkjihgfedcba',
    '1234567890'.repeat(5),
  ])('a secret that can be guessed starts nothing in production: %s', (COOKIE_KEY) => {
    expect(() => loadConfig(variables, { NODE_ENV: 'production', COOKIE_KEY })).toThrow(
      /COOKIE_KEY .* when NODE_ENV is production/,
    );
    expect(() => loadConfig(variables, { NODE_ENV: 'production', COOKIE_KEY })).not.toThrow(COOKIE_KEY);
    expect(loadConfig(variables, { COOKIE_KEY }).COOKIE_KEY).toBe(COOKIE_KEY);
  });

  it('asks in production for the databases of served environments and of the used transport only', () => {
    const {
      SERVICE_SIGNING_KEY: _own,
      SERVICE_PUBLIC_KEYS: _all,
      INTERNAL_PORT: _port,
      ...common
    } = commonVariables;
    const names = ['SANDBOX', 'PRODUCTION', 'EVENTS'].flatMap((of) => [
      `${of}_DATABASE_URL`,
      `${of}_MIGRATION_DATABASE_URL`,
    ]);
    const all = {
      ...common,
      ...Object.fromEntries(['ENVIRONMENTS', ...names].map((name) => [name, z.string().optional()])),
    };
    const asked = (given: Record<string, string>) => {
      try {
        loadConfig(all, { NODE_ENV: 'production', ...given });
      } catch (error) {
        return names.filter((name) => (error as Error).message.includes(`\n  ${name} `));
      }
      return [];
    };
    const onKafka = { EVENT_TRANSPORT: 'kafka', KAFKA_SSL: 'true' };
    expect(asked({})).toEqual(names);
    expect(asked(onKafka)).toEqual(names.slice(0, 4));
    expect(asked({ ...onKafka, ENVIRONMENTS: 'sandbox' })).toEqual(names.slice(0, 2));
    expect(asked({ ENVIRONMENTS: 'production' })).toEqual(names.slice(2));
  });

  it('in production every weak variable is in one message: databases, addresses, keys', () => {
    // The services' keys have their own checks.
    const { SERVICE_SIGNING_KEY: _own, SERVICE_PUBLIC_KEYS: _all, ...common } = commonVariables;
    const all = {
      ...common,
      ...addressVariables,
      ...variables,
      DATABASE_URL: z.string().default('postgres://postgres:postgres@localhost:54329/x'),
      ONLY_THERE: requiredInProduction(z.string().optional()),
    };
    const strong = {
      NODE_ENV: 'production',
      DATABASE_URL: 'postgres://consent:mWq7Yt3Rk0Zp5d@db.example/consent',
      EVENT_TRANSPORT: 'kafka',
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
      COOKIE_KEY: randomBytes(32).toString('hex'),
      ONLY_THERE: 'yes',
      INTERNAL_PORT: '8081',
      AUTH_SERVER_URL: 'https://auth.example',
      REGISTRATION_URL: 'https://portal.example',
      CONSENT_URL: 'https://consent.example',
      SANDBOX_FHIR_BASE_URL: 'https://sandbox.example/fhir',
      PRODUCTION_FHIR_BASE_URL: 'https://api.example/fhir',
    };
    expect(() => loadConfig(all, strong)).not.toThrow();
    const withoutPassword = { ...strong, DATABASE_URL: 'postgres://consent@db.example/consent' };
    for (const proof of [
      { DATABASE_URL: `${withoutPassword.DATABASE_URL}?sslcert=/etc/payer/db.crt&sslkey=/etc/payer/db.key` },
      { DATABASE_URL: 'postgres://consent@localhost/consent?host=/var/run/postgresql' },
      { PGPASSFILE: '/etc/payer/pgpass' },
      // The migrations connect as the owner, and read only the name of the serving role from DATABASE_URL.
      { MIGRATION_DATABASE_URL: 'postgres://consent_owner:mWq7Yt3Rk0Zp5d@db.example/consent' },
    ])
      expect(() => loadConfig(all, { ...withoutPassword, ...proof })).not.toThrow();
    const refusal = (given: Record<string, string | undefined>) => {
      try {
        loadConfig(all, { ...strong, ...given });
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    const nothing = refusal(
      Object.fromEntries(
        Object.keys(strong)
          .slice(1)
          .map((name) => [name, undefined]),
      ),
    );
    for (const name of ['EVENTS_DATABASE_URL', ...Object.keys(strong).slice(1)])
      if (!['EVENT_TRANSPORT', 'KAFKA_SASL_MECHANISM'].includes(name))
        expect(nothing).toMatch(new RegExp(`^  ${name} `, 'm'));
    for (const DATABASE_URL of [
      'postgres://postgres:postgres@localhost:54329/x',
      'postgres://consent:postgres@db.example/consent',
      'postgresql://consent:consent@db.example/consent',
      'postgres://consent:short1@db.example/consent',
      'postgres://consent:aaaaaaaaaaaaaaaa@db.example/consent',
      'postgres://consent@db.example/consent?password=postgres',
      withoutPassword.DATABASE_URL,
      'postgres://consent:consent12345@db.example/consent',
      'postgres://fhir_api:fhir-api-2026@db.example/fhir',
      'postgres://owner:registration1@db.example/registration',
      'postgres://consent:changeme1234@db.example/consent',
      'postgres://consent:123-Secret-456@db.example/consent',
      'postgres://consent:123456789012@db.example/consent',
      'mysql://consent:mWq7Yt3Rk0Zp5d@db.example/consent',
      'db.example',
    ]) {
      expect(refusal({ DATABASE_URL })).toContain('DATABASE_URL');
      expect(refusal({ DATABASE_URL })).not.toContain(DATABASE_URL);
    }
    expect(refusal({ KAFKA_SASL_MECHANISM: undefined })).toMatch(/EVENT_TRANSPORT .*neither KAFKA_SSL nor/);
    expect(refusal({ KAFKA_SASL_MECHANISM: undefined, KAFKA_SSL: 'true' })).toBe('');
    for (const [name, value] of Object.entries(strong).filter(([, value]) => value.startsWith('https:')))
      expect(refusal({ [name]: value.replace('https', 'http') })).toMatch(new RegExp(`${name} is "http:`));
  });

  it('in production two secrets never have the same value, and no message shows it', () => {
    const two = { FIRST_KEY: secret('a-first-local-secret'), SECOND_KEY: secret('a-second-local-secret') };
    const value = randomBytes(32).toString('hex');
    const same = { FIRST_KEY: value, SECOND_KEY: value };
    expect(() => loadConfig(two, { NODE_ENV: 'production', ...same })).toThrow(
      /SECOND_KEY has the value of FIRST_KEY/,
    );
    expect(() => loadConfig(two, { NODE_ENV: 'production', ...same })).not.toThrow(value);
    expect(loadConfig(two, same)).toEqual(same);
  });

  it('in production a value may be refused that a single machine takes', () => {
    const page = strictInProduction(z.url().optional(), (url) =>
      url.startsWith('https:') ? undefined : 'must be https',
    );
    expect(loadConfig({ PAGE: page }, { PAGE: 'http://plan.example' })).toBeTruthy();
    expect(loadConfig({ PAGE: page }, { NODE_ENV: 'production' })).toBeTruthy();
    expect(() => loadConfig({ PAGE: page }, { NODE_ENV: 'production', PAGE: 'http://plan.example' })).toThrow(
      'PAGE must be https when NODE_ENV is production',
    );
  });

  it('listens on loopback by default', () => {
    expect(loadConfig(commonVariables, {}).HOST).toBe('127.0.0.1');
  });

  it('takes proxies by address or range, and no host names, which DNS could change', () => {
    expect(loadConfig(commonVariables, { TRUSTED_PROXIES: '10.0.0.0/8, ::1' }).TRUSTED_PROXIES).toEqual([
      '10.0.0.0/8',
      '::1',
    ]);
    expect(() => loadConfig(commonVariables, { TRUSTED_PROXIES: '10.0.0.1,ingress' })).toThrow(
      /TRUSTED_PROXIES is "10.0.0.1,ingress": must be IP addresses or CIDR ranges/,
    );
  });

  it.each(['0.0.0.0/0', '::/0', '0.0.0.0/1, 128.0.0.0/1', '10.0.0.1, 2000::/3'])(
    'trusts no proxies that may be anybody: %s',
    (TRUSTED_PROXIES) => {
      expect(() => loadConfig(commonVariables, { TRUSTED_PROXIES })).toThrow(
        /TRUSTED_PROXIES .*must not trust the internet/,
      );
    },
  );

  it('takes addresses with or without a trailing slash, and nothing but http(s) URLs', () => {
    const config = loadConfig(addressVariables, { AUTH_SERVER_URL: 'https://auth.plan.example/' });
    expect(addressesFrom(config).production.issuer).toBe('https://auth.plan.example/production');
    for (const CONSENT_URL of ['consent.plan.example', 'ftp://consent.plan.example'])
      expect(() => loadConfig(addressVariables, { CONSENT_URL })).toThrow(
        /must be an absolute http\(s\) URL/,
      );
  });
});
