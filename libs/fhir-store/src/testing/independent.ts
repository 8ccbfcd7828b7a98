import { readdirSync } from 'node:fs';
import fhirpath from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4';
import type { Ask, Value } from './asks/ask.js';
import { dateAsks } from './asks/date.js';
import { quantityAsks } from './asks/quantity.js';
import { referenceAsks } from './asks/reference.js';
import { stringAsks } from './asks/string.js';
import { tokenAsks } from './asks/token.js';
import { uriAsks } from './asks/uri.js';
import { readPackage, readR4 } from '../definitions/read-package.js';

/**
 * Search a second time, independently of the engine: values by the FHIRPath interpreter on the
 * SearchParameter as it was published, comparisons written from the text of FHIR R4 §3.1.1.4. It knows
 * nothing of how values are stored.
 */

export type Resource = Record<string, Value> & { resourceType: string; id: string };

interface SearchParameter {
  resourceType: string;
  url: string;
  type: string;
  expression?: string;
}

const packages = new URL('../../../../data/igs/', import.meta.url);
/** The guides whose packages lie in `data/igs`, by name and version. */
export const guides = readdirSync(packages).map((file) => file.replace(/\.tgz$/, ''));
export const guideArchive = (guide: string) => new URL(`${guide}.tgz`, packages);

const published = new Map<string, SearchParameter>();
for (const parameter of readR4<SearchParameter>('SearchParameter')) published.set(parameter.url, parameter);
for (const guide of guides)
  for (const resource of await readPackage(guideArchive(guide)))
    if (resource.resourceType === 'SearchParameter') {
      const parameter = resource as unknown as SearchParameter;
      published.set(parameter.url, parameter);
    }

type Evaluate = (resource: Resource, environment: { resource: Resource }) => Value[];
const compiled = new Map<string, Evaluate>();

/** What was evaluated already: tests ask about the same resources again and again. */
const evaluated = new WeakMap<Resource, Map<string, Value[]>>();

/** The values that the published SearchParameter finds in a resource, which must not change afterwards. */
export function valuesOf(url: string, resource: Resource): Value[] {
  const ofResource = evaluated.get(resource) ?? new Map<string, Value[]>();
  evaluated.set(resource, ofResource);
  const known = ofResource.get(url);
  if (known) return known;
  const values = evaluateIn(url, resource);
  ofResource.set(url, values);
  return values;
}

function evaluateIn(url: string, resource: Resource): Value[] {
  let evaluate = compiled.get(url);
  if (!evaluate) {
    // The reference itself names its type, or its target is contained. No resource is fetched.
    const expression = (published.get(url)?.expression ?? '').replace(
      /resolve\(\) is (\w+)/g,
      (_, type: string) =>
        `(reference.matches('(^|/)${type}/[^/]+$') or reference in %resource.contained.ofType(${type}).select('#' + id))`,
    );
    if (expression === '') throw new Error(`No expression of ${url}`);
    evaluate = fhirpath.compile(expression, r4) as Evaluate;
    compiled.set(url, evaluate);
  }
  // Plan-Net's expressions for networks end at the extension; its value is meant.
  return evaluate(resource, { resource }).map((value) => {
    const held =
      typeof value === 'object' && value.url && Object.keys(value).find((key) => /^value[A-Z]/.test(key));
    return held ? value[held] : value;
  });
}

/** All the ways to ask for a value of a parameter. */
export function asksFor(type: string, value: Value, baseUrl: string): Ask[] {
  switch (type) {
    case 'token':
      return tokenAsks(value);
    case 'string':
      return stringAsks(value);
    case 'date':
      return dateAsks(value);
    case 'quantity':
      return quantityAsks(value);
    case 'uri':
      return uriAsks(value);
    case 'reference':
      return referenceAsks(value, baseUrl);
    default:
      return [];
  }
}

export type { Ask, Value } from './asks/ask.js';
export { localTarget } from './asks/reference.js';
