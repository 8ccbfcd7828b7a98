import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPackage } from '../definitions/read-package.js';
import { guideArchive, guides } from '../testing/independent.js';
import { lines } from '../testing/small-resources.js';
import { TestStore } from '../testing/store.js';
import type { RefusalKind } from './refusal.js';

/*
 * Examples of others, loaded whole and strictly. A refusal is here with its reason, or it is a fault. With
 * R4_EXAMPLES=DIRECTORY, the JSON files of HL7's package hl7.fhir.r4.examples are loaded, too. No registry
 * has that package, so CI does without.
 */

const store = new TestStore();
beforeAll(() => store.start());
afterAll(() => store.stop());

const isOfOtherType = /^(\w+) is not a resource type of this server$/;
/** `File entry 3: reason`. */
const reasonOf = (line: string) => line.replace(/^\S+?(:\d+)?( entry \d+)?: /, '');

interface Expected {
  read: number;
  rejectedByKind: Partial<Record<RefusalKind, number>>;
  /** The refusals beside types that are not served. */
  others?: RegExp[];
}

const expected: Record<string, Expected> = {
  'carin-bb-2.0.0': { read: 32, rejectedByKind: {} },
  'drug-formulary-2.0.1': { read: 24, rejectedByKind: { 'type-not-served': 2 } },
  'hrex-1.0.0': {
    read: 23,
    rejectedByKind: { 'type-not-served': 10, bundle: 2, 'no-member': 3 },
    others: [
      /^is a history Bundle; give the resources as they are now$/,
      // Their patients are on other servers.
      /^(Coverage\/(full|min)|DocumentReference\/\S+) belongs to no member/,
    ],
  },
  'pas-2.0.1': { read: 85, rejectedByKind: { 'type-not-served': 25 } },
  'pdex-2.1.0': {
    read: 77,
    rejectedByKind: { 'type-not-served': 6, 'no-member': 6 },
    // Their target is the Bundle of an exchange between payers, which is no resource here.
    others: [/^Provenance\/10000\d\d(-\d)*? belongs to no member/],
  },
  'plan-net-1.1.0': { read: 49, rejectedByKind: {} },
  'us-core-6.1.0': { read: 188, rejectedByKind: { 'type-not-served': 5 } },
  'us-core-7.0.0': { read: 219, rejectedByKind: { 'type-not-served': 8 } },
};

describe('the examples of a guide load', () => {
  it('of each guide that is here', () => expect(guides.toSorted()).toEqual(Object.keys(expected)));

  it.each(Object.keys(expected))(
    'of %s',
    async (guide) => {
      const { others = [], ...counts } = expected[guide]!;
      const examples = await readPackage(guideArchive(guide), 'package/example');
      const report = await store.load(store.file(`${guide}.ndjson`, lines(...examples)));
      expect(report).toMatchObject({ ...counts, structure: [], unresolved: 0 });
      const { created, updated, unchanged, read, rejected } = report;
      expect(created + updated + unchanged).toBe(read - rejected);
      const unexplained = report.reasons
        .map(reasonOf)
        .filter((reason) => ![isOfOtherType, ...others].some((known) => known.test(reason)));
      expect(unexplained).toEqual([]);
    },
    120_000,
  );
});

describe.skipIf(!process.env.R4_EXAMPLES)("HL7's examples of R4", () => {
  it('load, but for those of other types and of nobody', async () => {
    const directory = process.env.R4_EXAMPLES!;
    const files = readdirSync(directory)
      .filter((name) => name.endsWith('.json') && !name.startsWith('.') && name !== 'package.json')
      .map((name) => join(directory, name));
    const { rejectedByKind, structure, created, updated, reasons } = await store.load(...files);
    console.log({ created, updated, rejectedByKind, structure });
    expect(structure).toEqual([]);
    expect(created + updated).toBeGreaterThan(500);
    const explained = [
      isOfOtherType,
      / belongs to no member: /,
      / is public data here, and no part of a member's record$/,
      / matches no resource|only shared resources are found by identifier/,
      /^its transaction is refused as a whole/,
      // Bundles that ask: searches, histories, deletions and updates on conditions, answers without
      // resources.
      /request\.(method|url|ifNoneExist|ifMatch)|^has no resource$|^is an? .* Bundle|^PUT to /,
    ];
    const unexplained = reasons
      .map(reasonOf)
      .filter((reason) => !explained.some((known) => known.test(reason)));
    expect(unexplained).toEqual([]);
  }, 300_000);
});
