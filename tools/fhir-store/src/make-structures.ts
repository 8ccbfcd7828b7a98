import { readR4, type ElementRow, type StructureTable } from '@payer/fhir-store/definitions';
import { storedTypes } from '@payer/smart';

interface ElementDefinition {
  path: string;
  min?: number;
  max?: string;
  type?: { code: string }[];
  contentReference?: string;
  binding?: { strength: string; valueSet?: string };
}

const structureElements = new Map(
  readR4<{ name: string; snapshot: { element: ElementDefinition[] } }>('StructureDefinition').map(
    ({ name, snapshot }) => [name, snapshot.element] as const,
  ),
);
const expansions = new Map(
  readR4<{ url: string; expansion?: { contains: { system: string; code: string }[] } }>('ValueSet').map(
    ({ url, expansion }) => [url, expansion?.contains] as const,
  ),
);

const isPrimitive = (type: string) => /^[a-z]/.test(type);

/** The FHIRPath types of `id` and `url` are primitive types of FHIR, too. */
const typeName = (code: string) => (code.startsWith('http://hl7.org/fhirpath/System.') ? 'string' : code);

class Structures {
  readonly table: StructureTable = { types: {}, codes: {} };

  /**
   * Adds a type, or an element with child elements, and all types in it.
   * @param path of the type or element
   */
  add(path: string): void {
    if (this.table.types[path]) return;
    const rows: ElementRow[] = [];
    this.table.types[path] = rows;
    const [root = ''] = path.split('.');
    const elements = structureElements.get(root);
    if (!elements) throw new Error(`data/r4 has no StructureDefinition of ${root}`);
    const children = elements.filter(
      (element) => element.path.startsWith(`${path}.`) && !element.path.slice(path.length + 1).includes('.'),
    );
    for (const child of children) rows.push(...this.rowsOf(child));
  }

  private rowsOf(element: ElementDefinition): ElementRow[] {
    const name = element.path.slice(element.path.lastIndexOf('.') + 1);
    const common = { min: element.min ?? 0, list: element.max !== '1' };
    if (element.contentReference) {
      const type = element.contentReference.replace(/^.*#/, '');
      this.add(type);
      return [{ name, type, ...common }];
    }
    return (element.type ?? []).map(({ code }) => {
      const hasOwnElements = code === 'BackboneElement' || code === 'Element';
      const type = hasOwnElements ? element.path : typeName(code);
      if (!isPrimitive(type) && type !== 'Resource') this.add(type);
      const codes = this.codesOf(element);
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

  /**
   * The name of the codes that a required binding allows; undefined without one, or when nobody lists them.
   */
  private codesOf({ binding }: ElementDefinition): string | undefined {
    if (binding?.strength !== 'required') return undefined;
    const url = (binding.valueSet ?? '').replace(/\|.*/, '');
    const contains = expansions.get(url);
    if (!contains) return undefined;
    this.table.codes[url] = {};
    for (const { system, code } of contains) (this.table.codes[url][system] ??= []).push(code);
    return url;
  }
}

/** Every resource has this element, and no data type has it. */
const ofResource = 'implicitRules';

/** The resource types of R4. A resource may contain one of any type, also of a type that is not served. */
const resourceTypes = [...structureElements]
  .filter(([name, elements]) => elements.some(({ path }) => path === `${name}.${ofResource}`))
  .map(([name]) => name)
  .filter((name) => name !== 'Resource' && name !== 'DomainResource');

/**
 * The elements that R4 gives all resource types and the data types in them, with cardinality, type and the
 * codes of required bindings. The loader checks resources against them. The stored types come first.
 */
export function makeStructures(): StructureTable {
  const structures = new Structures();
  for (const type of [...storedTypes, 'Element', ...resourceTypes]) structures.add(type);
  return structures.table;
}
