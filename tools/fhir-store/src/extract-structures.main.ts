/**
 * Makes `libs/fhir-store/data/structures.json`: which elements R4 gives the resource types that we load, and
 * the data types in them, with cardinality, type and the codes of required bindings. The loader checks
 * resources against it. Run it with `npm run -w @payer/fhir-store-tools structures` when `data/r4` changes.
 */
import { writeFileSync } from 'node:fs';
import { readR4, type ElementRow, type StructureTable } from '@payer/fhir-store/definitions';
import { resourceTypes } from '@payer/smart';

interface ElementDefinition {
  path: string;
  min?: number;
  max?: string;
  type?: { code: string }[];
  contentReference?: string;
  binding?: { strength: string; valueSet?: string };
}

const structures = new Map(
  readR4<{ name: string; snapshot: { element: ElementDefinition[] } }>('StructureDefinition').map(
    ({ name, snapshot }) => [name, snapshot.element] as const,
  ),
);
const expansions = new Map(
  readR4<{ url: string; expansion?: { contains: { system: string; code: string }[] } }>('ValueSet').map(
    ({ url, expansion }) => [url, expansion?.contains] as const,
  ),
);

const table: StructureTable = { types: {}, codes: {} };
const isPrimitive = (type: string) => /^[a-z]/.test(type);

/** The FHIRPath types of `id` and `url` are primitive types of FHIR, too. */
const typeName = (code: string) => (code.startsWith('http://hl7.org/fhirpath/System.') ? 'string' : code);

/**
 * Adds a type, or an element with child elements, and all types in it.
 * @param path of the type or element
 */
function add(path: string): void {
  if (table.types[path]) return;
  const rows: ElementRow[] = [];
  table.types[path] = rows;
  const [root = ''] = path.split('.');
  const elements = structures.get(root);
  if (!elements) throw new Error(`data/r4 has no StructureDefinition of ${root}`);
  const children = elements.filter(
    (element) => element.path.startsWith(`${path}.`) && !element.path.slice(path.length + 1).includes('.'),
  );
  for (const child of children) rows.push(...rowsOf(child));
}

function rowsOf(element: ElementDefinition): ElementRow[] {
  const name = element.path.slice(element.path.lastIndexOf('.') + 1);
  const common = { min: element.min ?? 0, list: element.max !== '1' };
  if (element.contentReference) {
    const type = element.contentReference.replace(/^.*#/, '');
    add(type);
    return [{ name, type, ...common }];
  }
  return (element.type ?? []).map(({ code }) => {
    const hasOwnElements = code === 'BackboneElement' || code === 'Element';
    const type = hasOwnElements ? element.path : typeName(code);
    if (!isPrimitive(type) && type !== 'Resource') add(type);
    const codes = codesOf(element);
    const isChoice = name.endsWith('[x]');
    return {
      name: isChoice ? `${name.slice(0, -3)}${code.charAt(0).toUpperCase()}${code.slice(1)}` : name,
      type,
      ...common,
      ...(codes ? { codes } : {}),
      ...(isChoice ? { choice: name } : {}),
    };
  });
}

/** The name of the codes that a required binding allows; undefined without one, or when nobody lists them. */
function codesOf({ binding }: ElementDefinition): string | undefined {
  if (binding?.strength !== 'required') return undefined;
  const url = (binding.valueSet ?? '').replace(/\|.*/, '');
  const contains = expansions.get(url);
  if (!contains) return undefined;
  table.codes[url] = {};
  for (const { system, code } of contains) (table.codes[url][system] ??= []).push(code);
  return url;
}

for (const type of [...resourceTypes, 'Element']) add(type);
const file = new URL('../../../libs/fhir-store/data/structures.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(table)}\n`);
const count = Object.values(table.types).reduce((sum, rows) => sum + rows.length, 0);
process.stdout.write(`${count} elements of ${Object.keys(table.types).length} types\n`);
