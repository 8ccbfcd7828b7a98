import { describe, expect, it } from 'vitest';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  appEventTypes,
  byEnvironment,
  claimsAgainstPlan,
  cloudEvent,
  decideScopes,
  endpoints,
  environmentRule,
  findEnvironment,
  isFhirBase,
  parseCloudEvent,
  servedGuides,
  flowOfGrantType,
  redirectUriProblem,
  smartConfiguration,
  type Addresses,
} from './index.js';

const addresses: Addresses = byEnvironment((environment) => ({
  environment,
  fhirBaseUrl: `http://localhost:4003${environmentRule(environment).localFhirPath}`,
  issuer: `http://localhost:4000/${environment}`,
  managementUrl: `http://localhost:4002/${environment}/`,
  registrationUrl: 'http://localhost:4001/register',
}));

describe('environments', () => {
  it('are found by host and path of the configured bases, whether these differ by path or by host', () => {
    const find = (host: string, path: string) => findEnvironment(addresses, host, path);
    expect(find('localhost:4003', '/sandbox/interop/external/fhir/Patient/1')).toEqual({
      environment: 'sandbox',
      rest: '/Patient/1',
    });
    expect(find('localhost:4003', '/interop/external/fhir')).toEqual({ environment: 'production', rest: '' });
    expect(find('localhost:4003', '/interop/external/fhirx')).toBeUndefined();
    expect(find('elsewhere:4003', '/interop/external/fhir')).toBeUndefined();
    const byHost: Addresses = {
      ...addresses,
      sandbox: { ...addresses.sandbox, fhirBaseUrl: 'https://sandbox.plan.example/interop/external/fhir' },
      production: { ...addresses.production, fhirBaseUrl: 'https://plan.example/interop/external/fhir' },
    };
    expect(findEnvironment(byHost, 'Sandbox.plan.example', '/interop/external/fhir/x')?.environment).toBe(
      'sandbox',
    );
    for (const host of ['plan.example', 'plan.example:443'])
      expect(findEnvironment(byHost, host, '/interop/external/fhir/x')?.environment).toBe('production');
    expect(findEnvironment(byHost, 'plan.example:80', '/interop/external/fhir/x')).toBeUndefined();
  });

  it('accept their base as aud with or without a trailing slash, and no other', () => {
    expect(isFhirBase(addresses.sandbox, addresses.sandbox.fhirBaseUrl)).toBe(true);
    expect(isFhirBase(addresses.sandbox, `${addresses.sandbox.fhirBaseUrl}/`)).toBe(true);
    expect(isFhirBase(addresses.sandbox, addresses.production.fhirBaseUrl)).toBe(false);
  });
});

describe('scopes', () => {
  it("of the page's two example requests are granted as the page says", () => {
    expect(decideScopes('patient-access', 'openid fhirUser launch/patient patient/*.rs')).toEqual({
      granted: ['openid', 'fhirUser', 'launch/patient', 'patient/*.rs'],
    });
    expect(decideScopes('provider-directory', 'openid fhirUser system/*.rs')).toEqual({
      granted: ['system/*.rs'],
    });
    expect(decideScopes('provider-directory', 'system/*.rs')).toEqual({ granted: ['system/*.rs'] });
  });

  it.each([
    ['patient-access', 'openid fhirUser launch/patient', 'missing: patient/*.rs'],
    ['patient-access', undefined, 'missing: openid'],
    ['patient-access', 'openid fhirUser launch/patient patient/*.rs user/*.rs', 'not supported: user/*.rs'],
    [
      'patient-access',
      'openid fhirUser launch/patient patient/*.rs system/*.rs',
      'not supported: system/*.rs',
    ],
    ['patient-access', 'openid fhirUser launch/patient patient/Observation.rs', 'patient/Observation.rs'],
    ['provider-directory', 'openid', 'missing: system/*.rs'],
    ['provider-directory', 'system/*.rs launch/patient', 'not supported: launch/patient'],
    ['provider-directory', 'system/*.rs "é', 'not supported: ??'],
  ] as const)('of %s asked as %s are refused, naming the fault', (plan, requested, named) => {
    const decision = decideScopes(plan, requested);
    expect(decision.granted).toEqual([]);
    expect(decision.problem).toContain(named);
    expect(decision.problem).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  });
});

describe('plans', () => {
  it('have a flow each, which owns its grant types, and no other grant type has a flow', () => {
    expect(flowOfGrantType('authorization_code')).toBe('authorization-code');
    expect(flowOfGrantType('refresh_token')).toBe('authorization-code');
    expect(flowOfGrantType('client_credentials')).toBe('client-credentials');
    expect(flowOfGrantType('password')).toBeUndefined();
  });

  it('decide which claims their tokens carry', () => {
    const member = { scope: 'openid fhirUser launch/patient patient/*.rs', patient: 'p', grant_id: 'g' };
    expect(claimsAgainstPlan(member, 'patient-access')).toBeUndefined();
    expect(claimsAgainstPlan({ ...member, patient: undefined }, 'patient-access')).toContain(
      'must carry a patient',
    );
    expect(claimsAgainstPlan({ ...member, scope: 'openid patient/*.rs' }, 'patient-access')).toContain(
      'scopes',
    );
    expect(claimsAgainstPlan(member, 'provider-directory')).toContain('Provider Directory');
    expect(claimsAgainstPlan({ scope: 'system/*.rs' }, 'provider-directory')).toBeUndefined();
    expect(claimsAgainstPlan({ scope: 'system/*.rs', patient: 'p' }, 'provider-directory')).toContain(
      'must not',
    );
  });
});

describe('redirect URIs', () => {
  it.each([
    'https://client-app.com/redirect',
    'https://client-app.com/redirect/',
    'https://client-app.com/redirect?tenant=1',
    'http://localhost:3000/cb',
    'http://127.0.0.1/cb',
    'http://[::1]:9/cb',
  ])('%s may be registered', (uri) => expect(redirectUriProblem(uri)).toBeUndefined());

  it.each([
    ['http://client-app.com/redirect', 'https'],
    ['/redirect', 'absolute'],
    ['https://client-app.com/redirect#part', 'fragment'],
    ['https://client-app.com/redirect#', 'fragment'],
    ['https://*.client-app.com/redirect', 'wildcard'],
    ['https://user:word@client-app.com/redirect', 'user name'],
    ['com.example.app:/redirect', 'https://'],
    ['javascript:alert(1)', 'https://'],
    ['https://client-app.com/re direct', 'spaces'],
    ['https://client-app.com/é', 'ASCII'],
    ['HTTPS://client-app.com/', 'lower case'],
    ['http://localhost.evil.example/cb', 'https'],
    ['https://client-app.com\\@evil.example/', '\\'],
    ['https://client-app.com/%zz', '%'],
    ['https://client-app.com/redirect?state=1', 'state'],
  ])('%s may not, and the reason names %s', (uri, named) => expect(redirectUriProblem(uri)).toContain(named));
});

describe('SMART configuration', () => {
  it('has the members that SMART 2.2 requires of a standalone, confidential, patient-level server', () => {
    const configuration = smartConfiguration(addresses.sandbox);
    expect(configuration).toMatchObject({
      issuer: 'http://localhost:4000/sandbox',
      grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
      code_challenge_methods_supported: ['S256'],
      ...endpoints(addresses.sandbox),
    });
    expect(configuration.capabilities).not.toContain('permission-user');
    expect(configuration.capabilities).not.toContain('launch-ehr');
  });
});

describe('event contracts', () => {
  const grant = {
    grant_id: 'g1',
    version: 1,
    environment: 'sandbox',
    sub: 's',
    patient: 'p',
    client_id: 'c',
    scope: 'openid',
    status: 'active',
    created_at: '2026-01-01T00:00:00Z',
    expires_at: '2027-01-01T00:00:00Z',
    revoked_at: null,
    revoked_reason: null,
  } as const;
  const attributes = { id: 'e1', time: new Date(0) };

  it('carry the whole state under CloudEvents attributes and survive the road', () => {
    const event = cloudEvent('grant-created', grant, attributes);
    expect(event).toMatchObject({
      specversion: '1.0',
      source: '/consent',
      type: 'grant-created',
      subject: 'g1',
    });
    expect(parseCloudEvent(JSON.parse(JSON.stringify(event)))).toEqual(event);
  });

  it('accept fields they do not know and refuse what breaks them, saying where', () => {
    const event = cloudEvent('grant-created', grant, attributes);
    expect(parseCloudEvent({ ...event, data: { ...grant, added_later: true } }).data).toEqual(grant);
    expect(() => parseCloudEvent({ ...event, data: { ...grant, status: 'odd' } })).toThrow(/status/);
    expect(() => parseCloudEvent({ ...event, type: 'unknown' })).toThrow(/type/);
    expect(() => parseCloudEvent('rubbish')).toThrow(/not an event/);
  });
});

it('the events of apps are the rows of the table whose data is the state of an app', () => {
  expect(appEventTypes).toEqual(['app-registered', 'app-updated', 'app-approved', 'app-suspended']);
});

it('guides have their files in data/, and a version of one is written in no other source', () => {
  const root = join(import.meta.dirname, '../../..');
  for (const guide of servedGuides)
    for (const file of [`data/igs/${guide.file}.tgz`, `data/must-support/${guide.file}.md`])
      expect([file, existsSync(join(root, file))]).toEqual([file, true]);
  const own = join('libs', 'smart', 'src', 'guides.ts');
  const versions = servedGuides.map(({ version }) => `'[^']*[-|]${version.replaceAll('.', '\\.')}['./]`);
  const writesVersion = new RegExp(versions.join('|'));
  const sources = ['apps', 'libs', 'tools'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((file) => join(folder, file))
      .filter((file) => /^\w+\/[\w-]+\/src\/.*\.tsx?$/.test(file) && !/\.spec\.|testing\//.test(file)),
  );
  expect(sources.length).toBeGreaterThan(300);
  const others = sources.filter(
    (file) => file !== own && writesVersion.test(readFileSync(join(root, file), 'utf8')),
  );
  expect(others).toEqual([]);
});
