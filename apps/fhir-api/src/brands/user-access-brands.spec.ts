import { describe, expect, it } from 'vitest';
import type { Endpoint, Organization } from 'fhir/r4.js';
import { loadConfig } from '@payer/service';
import { brandVariable, brandWithPlan } from './brand.js';
import { brandIdentifier, userAccessBrands, type BrandSource } from './user-access-brands.js';

const brandOf = (BRAND?: string) => loadConfig({ BRAND: brandVariable }, { BRAND }).BRAND;

const source = (brand: object = {}): BrandSource => ({
  addresses: {
    environment: 'production',
    fhirBaseUrl: 'https://api.plan.example/fhir',
    issuer: 'https://auth.plan.example/production',
    managementUrl: 'https://consent.plan.example/production/',
    registrationUrl: 'https://developer.plan.example/register',
  },
  planName: 'Northern Health Plan',
  brand: brandOf(JSON.stringify(brand)),
  portalUrl: 'https://developer.plan.example',
  date: new Date('2026-11-28T12:00:00Z'),
});

const resourcesOf = (given: BrandSource) => {
  const [organization, endpoint] = userAccessBrands(given).entry!.map(({ resource }) => resource);
  return { organization: organization as Organization, endpoint: endpoint as Endpoint };
};

describe('the Bundle of user-access brands', () => {
  it('says from the configuration how members know the plan, and where its API is', () => {
    const given = source({
      website: 'https://www.northern.example/plans',
      logo: 'https://www.northern.example/logo.svg',
      logoLicense: 'https://www.northern.example/license',
      aliases: ['Northern'],
      identifiers: [{ system: 'http://hl7.org/fhir/sid/us-npi', value: '1234567893' }],
      addresses: [{ city: 'Duluth', state: 'MN', postalCode: '55802' }],
      phone: '1-800-555-0100',
      portal: { name: 'MyNorthern', url: 'https://my.northern.example', description: 'For members.' },
      updated: '2026-11-01T00:00:00Z',
    });
    const bundle = userAccessBrands(given);
    const lastUpdated = '2026-11-01T00:00:00Z';
    expect(bundle).toMatchObject({ type: 'collection', timestamp: lastUpdated, meta: { lastUpdated } });
    expect(bundle.entry!.map(({ fullUrl }) => fullUrl)).toEqual([
      'https://api.plan.example/fhir/Organization/plan',
      'https://api.plan.example/fhir/Endpoint/plan-production',
    ]);
    const { organization, endpoint } = resourcesOf(given);
    const identifier = { system: 'urn:ietf:rfc:3986', value: 'https://northern.example' };
    expect(brandIdentifier(given)).toEqual(identifier);
    expect(organization).toMatchObject({
      name: 'Northern Health Plan',
      alias: ['Northern'],
      active: true,
      identifier: [identifier, { system: 'http://hl7.org/fhir/sid/us-npi', value: '1234567893' }],
      telecom: [{ system: 'url', value: 'https://www.northern.example/plans' }],
      contact: [{ telecom: [{ system: 'phone', value: '1-800-555-0100' }] }],
      address: [{ city: 'Duluth', state: 'MN', postalCode: '55802', country: 'US' }],
      endpoint: [{ reference: 'Endpoint/plan-production' }],
    });
    const values = organization.extension!.flatMap(({ extension = [] }) =>
      extension.map(({ url, valueUrl, valueString, valueMarkdown, valueReference }) => [
        url,
        valueUrl ?? valueString ?? valueMarkdown ?? valueReference?.reference,
      ]),
    );
    expect(values).toEqual([
      ['brandLogo', 'https://www.northern.example/logo.svg'],
      ['brandLogoLicense', 'https://www.northern.example/license'],
      ['brandBundle', 'https://api.plan.example/fhir/.well-known/user-access-brands.json'],
      ['portalName', 'MyNorthern'],
      ['portalDescription', 'For members.'],
      ['portalUrl', 'https://my.northern.example'],
      ['portalEndpoint', 'Endpoint/plan-production'],
    ]);
    expect(endpoint).toMatchObject({
      status: 'active',
      connectionType: { code: 'hl7-fhir-rest' },
      managingOrganization: { reference: 'Organization/plan' },
      contact: [{ system: 'url', value: 'https://developer.plan.example' }],
      extension: [
        { url: 'http://hl7.org/fhir/StructureDefinition/endpoint-fhir-version', valueCode: '4.0.1' },
      ],
      address: 'https://api.plan.example/fhir',
    });
  });

  it('is whole without a configuration: the page of connected apps stands for website and portal', () => {
    const given = source();
    expect(userAccessBrands(given).timestamp).toBe('2026-11-28T12:00:00.000Z');
    expect(brandIdentifier(given).value).toBe('https://consent.plan.example');
    const { organization } = resourcesOf(given);
    expect(organization.telecom).toEqual([
      { system: 'url', value: 'https://consent.plan.example/production/' },
    ]);
    expect(organization).not.toHaveProperty('alias');
    expect(organization).not.toHaveProperty('address');
  });

  it('takes website, logo and telephone number of the plan where it names none', () => {
    const PLAN_LOGO = 'data:image/png;base64,iVBORw0KGgo=';
    const PLAN_WEBSITE_URL = 'https://www.plan.example/start';
    const plan = { PLAN_LOGO, PLAN_WEBSITE_URL, PLAN_CONTACT: '1-800-555-0100' };
    expect(brandWithPlan(brandOf(), plan)).toMatchObject({
      logo: PLAN_LOGO,
      website: PLAN_WEBSITE_URL,
      phone: '1-800-555-0100',
    });
    const own = { logo: 'https://a.example/l.svg', website: 'https://a.example', phone: '+1 800 555 0199' };
    expect(brandWithPlan(brandOf(JSON.stringify(own)), plan)).toMatchObject(own);
    for (const PLAN_CONTACT of ['1 Plan Plaza, Duluth', 'help@plan.example', '', '12'])
      expect([PLAN_CONTACT, brandWithPlan(brandOf(), { PLAN_CONTACT }).phone]).toEqual([
        PLAN_CONTACT,
        undefined,
      ]);
  });

  it('is refused at start when a value is wrong, with the place of the fault', () => {
    const wrong: [given: string, fault: RegExp][] = [
      ['{', /BRAND is "\{": must be JSON/],
      ['[]', /the object: /],
      ['{"website":"plan"}', /website: must be an absolute http/],
      ['{"logo":"http://plan.example/logo.png"}', /logo: must be an https URL/],
      ['{"logo":"data:text/html,<script>"}', /logo: must be an https URL/],
      ['{"portal":{"url":"javascript:alert(1)"}}', /portal\.url: must be an absolute http/],
      ['{"identifiers":[{"value":"1"}]}', /identifiers\.0\.system/],
      ['{"updated":"yesterday"}', /updated/],
      ['{"colour":"red"}', /colour/],
    ];
    for (const [given, fault] of wrong) expect(() => brandOf(given)).toThrow(fault);
    expect(brandOf()).toEqual({ aliases: [], identifiers: [], addresses: [], portal: {} });
  });
});
