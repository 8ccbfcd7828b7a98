import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BytesClient } from '@payer/fhir-store';
import { ExportSnapshot } from '@payer/fhir-store/export';
import { createSchema, storeMigrations } from '@payer/fhir-store/migrations';
import { definitionCanonical } from '@payer/smart';
import { generate } from '@payer/synthetic';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import type { Config } from '../config.js';
import { publicAccess } from '../gateway/open-directory.js';
import { loadResources } from '../gateway/testing/members.js';
import { readArguments, usage } from './arguments.js';
import { checkDirectory, type Gap } from './check.js';
import { isNpi } from './elements.js';
import { Examples, isComplete, ReportFile, textOf } from './report.js';

let postgres: TestPostgres;

beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres?.stop());

const base = 'https://fhir.example/r4';

/** The gaps of a directory, `Type/id: elements`. */
async function gapsOf(name: string, resources: object[]) {
  const url = await postgres.database(name);
  await createSchema(url, storeMigrations);
  await loadResources({ SANDBOX_DATABASE_URL: url } as Config, resources);
  const client = new BytesClient({ connectionString: url });
  await client.connect();
  try {
    const gaps: Gap[] = [];
    const snapshot = await ExportSnapshot.open(client, publicAccess, 2);
    const types = await checkDirectory(snapshot, base, (gap) => void gaps.push(gap));
    return { types, gaps, lines: gaps.map(({ resource, lacks }) => `${resource}: ${lacks.join(', ')}`) };
  } finally {
    await client.end();
  }
}

const planNet = (name: string) => definitionCanonical('plan-net', name);
const phone = [{ system: 'phone', value: '555-0100' }];
const address = { line: ['1 Main Street'], city: 'Springfield', state: 'MN', postalCode: '55555' };
const npi = [{ system: 'http://hl7.org/fhir/sid/us-npi', value: '1234567893' }];
const specialty = [{ coding: [{ system: 'http://nucc.org/provider-taxonomy', code: '207Q00000X' }] }];
const newPatients = {
  url: planNet('newpatients'),
  extension: [{ url: 'acceptingPatients', valueCodeableConcept: { coding: [{ code: 'nopt' }] } }],
};
const network = { url: planNet('network-reference'), valueReference: { reference: 'Organization/network' } };
const role = (id: string, practitioner: string, more: object) => ({
  resourceType: 'PractitionerRole',
  id,
  practitioner: { reference: `Practitioner/${practitioner}` },
  ...more,
});
const doctor = (id: string, more: object = {}) => ({
  resourceType: 'Practitioner',
  id,
  name: [{ family: 'Doctor' }],
  identifier: npi,
  ...more,
});
const orgType = (code: string) => [
  { coding: [{ system: 'http://hl7.org/fhir/us/davinci-pdex-plan-net/CodeSystem/OrgTypeCS', code }] },
];

describe('the data-quality report of the directory', () => {
  it('finds nothing missing in the synthetic directory of either environment', async () => {
    for (const environment of ['sandbox', 'production'] as const) {
      const { lines, types } = await gapsOf(environment, [...generate({ environment, members: 1 })]);
      expect([environment, lines]).toEqual([environment, []]);
      expect(isComplete(types)).toBe(true);
      expect(types.Practitioner.checked).toBeGreaterThan(10);
    }
  });

  it('counts an element that a role, a service, an affiliation or a place states', async () => {
    const { lines } = await gapsOf('stated', [
      { resourceType: 'Location', id: 'place', name: 'Place', address, telecom: phone },
      doctor('whole'),
      role('of-whole', 'whole', {
        specialty,
        location: [{ reference: 'Location/place' }],
        extension: [network, newPatients],
      }),
      {
        resourceType: 'Organization',
        id: 'clinic',
        name: 'Clinic',
        identifier: npi,
        type: orgType('prvgrp'),
      },
      {
        resourceType: 'OrganizationAffiliation',
        id: 'of-clinic',
        participatingOrganization: { reference: 'Organization/clinic' },
        network: [{ reference: 'Organization/network' }],
        location: [{ reference: 'Location/place' }],
      },
      {
        resourceType: 'HealthcareService',
        id: 'of-clinic',
        providedBy: { reference: 'Organization/clinic' },
        specialty,
      },
      {
        resourceType: 'Organization',
        id: 'network',
        name: 'Network',
        type: orgType('ntwk'),
        contact: [{ telecom: phone }],
      },
      { resourceType: 'Organization', id: 'payer', name: 'Payer', type: orgType('payer'), telecom: phone },
    ]);
    expect(lines).toEqual([]);
  });

  it('names each element that is stated nowhere, or in a form that counts for nothing', async () => {
    const { lines, types } = await gapsOf('missing', [
      { resourceType: 'Location', id: 'bare', status: 'active' },
      {
        resourceType: 'Location',
        id: 'zip-only',
        name: 'Z',
        address: { postalCode: '55555' },
        telecom: [{ system: 'fax', value: '1' }],
        extension: [newPatients],
      },
      doctor('bare', { name: [{ given: ['Only'] }], identifier: [] }),
      doctor('wrong-npi', {
        identifier: [{ ...npi[0], value: '1234567890' }],
        address: [address],
        telecom: phone,
      }),
      role('of-wrong-npi', 'wrong-npi', { specialty, extension: [newPatients] }),
      doctor('ended', { address: [address], telecom: phone }),
      role('ended', 'ended', { active: false, specialty, extension: [network, newPatients] }),
      { resourceType: 'Organization', id: 'bare', type: orgType('fac') },
    ]);
    expect(lines).toEqual([
      'Practitioner/bare: name, NPI, address, phone, specialty, network, new patients',
      'Practitioner/ended: specialty, network, new patients',
      'Practitioner/wrong-npi: NPI, network',
      'Organization/bare: name, NPI, address, phone, specialty, network',
      'Location/bare: name, address, phone, specialty, new patients',
      'Location/zip-only: address, phone, specialty',
    ]);
    expect(types.Practitioner).toEqual({
      checked: 3,
      complete: 0,
      lacking: { name: 1, NPI: 2, address: 1, phone: 1, specialty: 2, network: 3, 'new patients': 2 },
    });
  });

  it('is a text with the first of each kind, and a file with all', async () => {
    const doctors = Array.from({ length: 8 }, (_, n) => doctor(`d${n}`, { name: [{ text: `Doctor ${n}` }] }));
    const { types, gaps } = await gapsOf('text', doctors);
    const examples = new Examples();
    const folder = mkdtempSync(join(tmpdir(), 'directory-quality-'));
    try {
      const path = join(folder, 'report.json');
      const file = await ReportFile.open(path, 'sandbox', new Date('2026-11-28T00:00:00Z'));
      for (const gap of gaps) {
        examples.add(gap);
        await file.add(gap);
      }
      await file.close(types);
      expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
        environment: 'sandbox',
        time: '2026-11-28T00:00:00.000Z',
        gaps,
        types,
        isComplete: false,
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
    const text = textOf(types, examples);
    expect(text).toContain('Practitioner: 0 of 8 have all that the rules ask for\n');
    expect(text).toContain('  8 without network: Practitioner/d0 (Doctor 0), ');
    expect(text).toContain(', and 3 more');
    expect(text).toContain('Location: 0 of 0 have');
  });

  it('follows absolute references to this server, and counts what does not fit R4 as missing', async () => {
    const at = (reference: string) => ({ reference: `${base}/${reference}` });
    const { lines } = await gapsOf('absolute', [
      { resourceType: 'Location', id: 'l', name: 'L', telecom: phone, address, type: specialty },
      doctor('abs'),
      doctor('odd', { telecom: {}, name: { family: 'x' } }),
      { resourceType: 'PractitionerRole', id: 'odd', practitioner: at('Practitioner/odd'), location: 'l' },
      role('abs', 'x', {
        practitioner: at('Practitioner/abs'),
        location: [at('Location/l')],
        specialty,
        extension: [newPatients, network],
      }),
    ]);
    expect(lines).toEqual(['Practitioner/odd: name, NPI, address, phone, specialty, network, new patients']);
  });

  it('says that a report cannot be written', async () => {
    await expect(ReportFile.open('/nowhere/report.json', 'sandbox', new Date())).rejects.toThrow(/ENOENT/);
  });

  it('takes an NPI by its check digit', () => {
    for (const [value, isOne] of [
      ['1234567893', true],
      ['1234567890', false],
      ['0234567893', false],
      ['123456789', false],
      ['12345678931', false],
    ] as const)
      expect([value, isNpi(value)]).toEqual([value, isOne]);
  });

  it('says what is wrong with its arguments', () => {
    expect(readArguments(['--environment', 'production', '--report', 'r.json'])).toEqual({
      environment: 'production',
      report: 'r.json',
    });
    expect(readArguments(['--help'])).toBe(usage);
    expect(readArguments([])).toContain('--environment must be');
    expect(readArguments(['--environment', 'sandbox', '--file', 'x'])).toContain('--file');
  });
});
