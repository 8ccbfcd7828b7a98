import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readSensitiveCodes } from './read-sensitive-codes.js';

const file = join(mkdtempSync(join(tmpdir(), 'sensitive-')), 'own.csv');
const read = (text: string) => {
  writeFileSync(file, text);
  return readSensitiveCodes(file);
};

it("a plan's own codes are read, with code systems by URL or short name", () => {
  expect(read('label,code,system\nSUD,12345-6789*,NDC\n"HIV",X1,https://plan.example/codes\n')).toEqual([
    { system: 'http://hl7.org/fhir/sid/ndc', codes: ['12345-6789*'], label: 'SUD' },
    { system: 'https://plan.example/codes', codes: ['X1'], label: 'HIV' },
  ]);
});

it.each([
  ['system,code\nndc,1', /must name the columns "system", "code" and "label"/],
  ['system,code,label\nndc,,SUD', /own\.csv:2: a value is missing/],
  ['system,code,label\nndc,*,SUD', /own\.csv:2: a value is missing/],
  [
    'system,code,label\nndc,1,SUD\nndc,2,secret',
    /own\.csv:3: "secret" is no label of a sensitive kind: SUD, /,
  ],
])('%j is refused with the line and the reason', (text, reason) => {
  expect(() => read(text)).toThrow(reason);
});
