import { describe, expect, it, vi } from 'vitest';
import * as smart from '@payer/smart';
import type { FhirResource } from 'fhir/r4.js';

type Versions = { version: string }[];

/** The generator, as it is with these versions of US Core in the table of guides. */
async function generatorWith(versions: Versions): Promise<typeof import('./index.js')> {
  vi.resetModules();
  const usCore = { ...smart.guides['us-core'], versions };
  vi.doMock('@payer/smart', () => ({ ...smart, guides: { ...smart.guides, 'us-core': usCore } }));
  return import('./index.js');
}

const isEmptyAnywhere = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (Object.keys(value).length === 0 || Object.values(value).some(isEmptyAnywhere));

const coreVersionsOf = (resources: FhirResource[]) => {
  const { canonical } = smart.guides['us-core'];
  const named = resources
    .flatMap(({ meta }) => meta?.profile ?? [])
    .filter((one) => one.startsWith(`${canonical}/`))
    .map((one) => one.split('|')[1]);
  return [...new Set(named)].sort();
};

const [before, after] = ['6.1.0', '7.0.0'];

describe('versions of a guide that come and go', () => {
  it.each([[[before]], [[after]], [[before, after]], [[before, after, '99.0.0']]])(
    'leave the synthetic data valid, and its resources name %j',
    async (served) => {
      const { generate } = await generatorWith(served.map((version) => ({ version })));
      const resources = [...generate({ environment: 'sandbox' })];
      expect(coreVersionsOf(resources)).toEqual(served);
      expect(resources.filter(isEmptyAnywhere).map(({ id }) => id)).toEqual([]);
    },
    120_000,
  );

  it('give the data set another version, so that a local system loads it again', async () => {
    const versionWith = async (...versions: string[]) => {
      const { datasetVersion } = await generatorWith(versions.map((version) => ({ version })));
      return datasetVersion('sandbox');
    };
    const [one, both, other] = [
      await versionWith(before),
      await versionWith(before, after),
      await versionWith(after),
    ];
    expect(new Set([one, both, other]).size).toBe(3);
    expect(await versionWith(before)).toBe(one);
  });
});
