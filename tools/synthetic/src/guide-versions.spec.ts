import { afterEach, describe, expect, it } from 'vitest';
import { guides } from '@payer/smart';
import type { FhirResource } from 'fhir/r4.js';
import { datasetVersion, generate } from './index.js';

const usCore: { versions: readonly { version: string }[] } = guides['us-core'];
const served = usCore.versions;

/** Puts these versions of US Core in the table of guides. */
function serve(...versions: string[]): void {
  usCore.versions = versions.map((version) => ({ version }));
}
afterEach(() => {
  usCore.versions = served;
});

const isEmptyAnywhere = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (Object.keys(value).length === 0 || Object.values(value).some(isEmptyAnywhere));

const coreVersionsOf = (resources: FhirResource[]) => {
  const { canonical } = guides['us-core'];
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
    (versions) => {
      serve(...versions);
      const resources = [...generate({ environment: 'sandbox' })];
      expect(coreVersionsOf(resources)).toEqual(versions);
      expect(resources.filter(isEmptyAnywhere).map(({ id }) => id)).toEqual([]);
    },
  );

  it('give the data set another version, so that a local system loads it again', () => {
    const versionWith = (...versions: string[]) => {
      serve(...versions);
      return datasetVersion('sandbox');
    };
    const [one, both, other] = [versionWith(before), versionWith(before, after), versionWith(after)];
    expect(new Set([one, both, other]).size).toBe(3);
    expect(versionWith(before)).toBe(one);
  });
});
