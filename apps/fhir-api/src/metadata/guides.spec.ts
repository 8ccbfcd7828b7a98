import { describe, expect, it } from '@jest/globals';
import { guideFile, guideIds, guides } from '@payer/smart';
import { openRepository, parseSearch } from '@payer/fhir-store';
import { definitions, readPackage } from '@payer/fhir-store/definitions';
import { capabilityStatement } from './capability-statement.js';
import { readTogether } from './read-together.js';

interface Extension {
  url: string;
  valueCode?: string;
}

interface Statement {
  resourceType: string;
  url: string;
  id: string;
  rest: {
    resource: {
      type: string;
      extension?: Extension[];
      interaction: { code: string; extension?: Extension[] }[];
      supportedProfile?: string[];
      searchParam?: { name: string; type: string }[];
      searchInclude?: string[];
      searchRevInclude?: string[];
    }[];
  }[];
}

interface SearchParameter {
  base: string[];
  code: string;
  type: string;
  modifier?: string[];
  comparator?: string[];
  chain?: string[];
}

const engine = openRepository({
  pool: undefined as never,
  environment: 'sandbox',
  baseUrl: 'https://fhir.example',
  cursorKey: 'k',
  readTogether,
});
const ours = new Map(engine.capabilities().map((resource) => [resource.type as string, resource] as const));

/** Errors of the guides: R4 defines `_id` as a token. */
const misstated = new Set(['Coverage?_id (string)']);

describe.each(guideIds)('the CapabilityStatement of %s', (guideId) => {
  const guide = guideFile(guideId);
  const { serves: id, profiles } = guides[guideId];
  const isServed = (profile: string) =>
    profiles === 'all' || profiles.some((name) => profile.split('|')[0]?.endsWith(`/${name}`));

  it('asks nothing, of the types served here, that is not claimed', async () => {
    const archive = new URL(`../../../../data/igs/${guide}.tgz`, import.meta.url);
    const statement = (await readPackage(archive)).find(
      (resource) => resource.resourceType === 'CapabilityStatement' && resource.id === id,
    ) as unknown as Statement;
    const missing: string[] = [];
    for (const wanted of statement.rest[0]!.resource) {
      const served = ours.get(wanted.type);
      if (!served) continue;
      const names = new Map(served.searchParam.map(({ name, type }) => [name, type]));
      for (const { name, type } of wanted.searchParam ?? [])
        if (names.get(name) !== type && !misstated.has(`${wanted.type}?${name} (${type})`))
          missing.push(`${wanted.type}?${name} (${type})`);
      const includes = new Set(served.searchInclude);
      for (const include of wanted.searchInclude ?? []) {
        const [type, code] = include.split(':');
        if (!includes.has(`${type}:${code}`) && code !== '*') missing.push(`_include=${include}`);
      }
      for (const include of wanted.searchRevInclude ?? []) {
        const [type = '', code] = include.split(':');
        if (definitions.types[type] && !served.searchRevInclude.includes(`${type}:${code}`))
          missing.push(`${wanted.type}: _revinclude=${include}`);
      }
      for (const profile of wanted.supportedProfile?.filter(isServed) ?? [])
        if (!served.profiles.some((known) => known.split('|')[0] === profile.split('|')[0]))
          missing.push(`profile ${profile}`);
    }
    expect(missing).toEqual([]);
  });

  it('comes with SearchParameters whose modifiers and comparators are all taken, and whose lists of values are', async () => {
    const archive = new URL(`../../../../data/igs/${guide}.tgz`, import.meta.url);
    const refused: string[] = [];
    for (const resource of await readPackage(archive)) {
      if (resource.resourceType !== 'SearchParameter') continue;
      const { base, code, type, modifier, comparator, chain } = resource as unknown as SearchParameter;
      const values: Record<string, string> = { date: '2026-01-01', quantity: '5' };
      const value = values[type] ?? 'a|b|c';
      for (const owner of base.filter((name) => ours.has(name))) {
        const asks: [string, string][] = [
          ...(modifier ?? []).map((name): [string, string] => [`${code}:${name}`, value]),
          ...(comparator ?? []).map((name): [string, string] => [code, `${name}${value}`]),
          ...(chain ?? []).map((name): [string, string] => [`${code}.${name}`, 'x']),
          [code, `${value},${value}`],
        ];
        for (const ask of asks)
          try {
            parseSearch(owner, [ask, ask], 'strict');
          } catch (error) {
            refused.push(`${owner}?${ask.join('=')}: ${(error as Error).message}`);
          }
      }
    }
    expect(refused).toEqual([]);
  });
});

describe('the claims about guides', () => {
  const address = 'https://fhir.example';
  const claimed = capabilityStatement(
    {
      environment: 'sandbox',
      fhirBaseUrl: address,
      issuer: address,
      managementUrl: address,
      registrationUrl: address,
    },
    engine.capabilities(),
    {
      software: { name: 'x', version: '1' },
      publisher: 'Plan',
      date: new Date(),
      offered: { everything: true },
    },
  );
  const isDemanded = ({ extension }: { extension?: Extension[] }) =>
    extension?.some(
      ({ url, valueCode }) => url.endsWith('/capabilitystatement-expectation') && valueCode === 'SHALL',
    );

  it.each(Object.entries(guides))(
    '%s is instantiated, in both forms, if all it demands is offered',
    async (id, guide) => {
      const archive = new URL(`../../../../data/igs/${id}-${guide.version}.tgz`, import.meta.url);
      const statement = (await readPackage(archive)).find(
        (resource) => resource.resourceType === 'CapabilityStatement' && resource.id === guide.serves,
      ) as unknown as Statement;
      const lacking = statement.rest[0]!.resource.filter(isDemanded).flatMap(
        ({ type, interaction, supportedProfile = [] }) => {
          const offered = claimed.rest![0]!.resource!.find((resource) => resource.type === type);
          if (!offered) return [type];
          const profiles = new Set(offered.supportedProfile?.map((profile) => profile.split('|')[0]));
          return [
            ...interaction
              .filter((one) => isDemanded(one) && !offered.interaction!.some(({ code }) => code === one.code))
              .map(({ code }) => `${code} of ${type}`),
            ...supportedProfile.filter((profile) => !profiles.has(profile.split('|')[0])),
          ];
        },
      );
      const forms = [statement.url, `${statement.url}|${guide.version}`];
      expect(claimed.instantiates!.filter((one) => one.startsWith(`${guide.canonical}/`)).sort()).toEqual(
        lacking.length === 0 ? forms : [],
      );
    },
  );

  it('name each profile once, with the version of its guide', () => {
    for (const { supportedProfile = [] } of claimed.rest![0]!.resource!) {
      const plain = supportedProfile.map((profile) => profile.split('|')[0]);
      expect(new Set(plain).size).toBe(supportedProfile.length);
      for (const profile of supportedProfile) {
        const guide = Object.values(guides).find(({ canonical }) => profile.startsWith(`${canonical}/`));
        expect(profile.split('|')[1]).toBe(guide!.version);
      }
    }
  });
});
