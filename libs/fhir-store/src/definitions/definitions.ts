import { readFileSync } from 'node:fs';

/**
 * The nine types of search parameters of FHIR R4 (search.html#ptypes); no served guide defines a `number`.
 */
export type SearchParameterType =
  'number' | 'date' | 'string' | 'token' | 'reference' | 'composite' | 'quantity' | 'uri' | 'special';

export interface ComponentDefinition {
  /** Code of the parameter that gives this part its type. */
  code: string;
  type: SearchParameterType;
  /** FHIRPath, relative to each focus that the composite's own expression gives. */
  expression: string;
  targets?: string[];
}

/** One search parameter of one resource type, merged from R4 and the guides. */
export interface ParameterDefinition {
  code: string;
  type: SearchParameterType;
  /** FHIRPath on the resource: the part of the definition's expression that applies to this type. */
  expression: string;
  /** Canonical URL of the SearchParameter that is used: a guide's, otherwise R4's. */
  url: string;
  /** Origin of the definition: `R4`, `US Core`, `CARIN BB` or `Plan-Net`. */
  from: string;
  description: string;
  /**
   * Identifies the parameter in stored rows. It never changes, and no other parameter of the type ever gets
   * it.
   */
  number: number;
  /** Place among the type's date parameters; never changes. */
  slot?: number;
  /** Served types that a reference may name. */
  targets?: string[];
  /** Other types that a reference may name. A search finds such a reference, but a chain cannot follow it. */
  otherTargets?: string[];
  /** Parameters of the target that the guides promise to chain to. */
  chains?: string[];
  /** The system that a bare `code` has by its required binding, so that `system|code` finds it. */
  system?: string;
  components?: ComponentDefinition[];
}

export interface TypeDefinition {
  /** Number of the type in stored rows; never changes. */
  number: number;
  /** Canonicals of the profiles, as the guides' CapabilityStatements name them. */
  profiles: string[];
  parameters: Record<string, ParameterDefinition>;
  /** Numbers of removed parameters. Stored rows may contain them, so no other parameter gets them. */
  retired?: Record<string, { number: number; slot?: number }>;
  /** The includes of the guides' CapabilityStatements: `Type:code` or `Type:code:Target`. */
  includes: string[];
  revincludes: string[];
  /** Combinations of parameters that a guide requires. */
  combinations: string[][];
  /** Top-level elements marked as summary in R4. */
  summary: string[];
  /**
   * Paths below these elements that R4 does not mark, data types included. `id` and `extension`, which R4
   * never marks, are not listed.
   */
  notInSummary: string[];
  /** Top-level elements that are mandatory or modifiers. Every `_elements` and `_summary` keeps them. */
  mandatory: string[];
  /** All top-level elements, as JSON names them. */
  elements: string[];
  /** The top-level choices: `value` has the elements `valueQuantity`, `valueString` and others. */
  choices: Record<string, string[]>;
}

export interface Definitions {
  types: Record<string, TypeDefinition>;
  /** The largest number that a type ever had. */
  lastTypeNumber?: number;
  /**
   * The types of the Patient compartment, each with the parameters by which R4 includes a resource. A type
   * without parameters belongs to the owners of the resources that it references.
   */
  patientCompartment: Record<string, string[]>;
  /** Types outside the compartment that a patient may read when the patient's resources reference them. */
  referencedTypes: string[];
  /**
   * Types of R4's Patient compartment that are served as public data only, such as Basic. The loader refuses
   * a resource of these types that leads to a member.
   */
  publicOnly: string[];
}

/** The committed definitions: `tools/fhir-store` makes them. */
export const definitions: Definitions = JSON.parse(
  readFileSync(new URL('../../data/search-definitions.json', import.meta.url), 'utf8'),
) as Definitions;

/** @throws Error when the type is not one of ours: callers check first */
export function typeDefinition(type: string): TypeDefinition {
  const found = definitions.types[type];
  if (!found) throw new Error(`No definition of resource type ${type}`);
  return found;
}

/**
 * Binaries have no definition here: no search parameter finds them, and a patient's resources reference them
 * by the `url` of an attachment.
 */
export const binaryType = 'Binary';

export function isServedType(type: string): boolean {
  return Object.hasOwn(definitions.types, type);
}

/** Whether each resource of the type belongs to patients, by R4's Patient compartment. */
export const isCompartmentType = (type: string): boolean =>
  Object.hasOwn(definitions.patientCompartment, type);

export const compartmentTypes: readonly string[] = Object.keys(definitions.patientCompartment);

const referencedTypes = new Set(definitions.referencedTypes);

/** Whether a patient may read a resource of the type because the patient's resources reference it. */
export const isReferencedType = (type: string): boolean => referencedTypes.has(type);

/**
 * Whether the parameter is for names of people. A search finds each word of such a name (FHIR R4 §3.1.1.4.8).
 */
export const isHumanName = ({ expression }: ParameterDefinition): boolean =>
  /^(Patient|Practitioner|RelatedPerson)\.name(\.|$)/.test(expression);

/**
 * The definition of a parameter of a type, `_id` and similar parameters included. Undefined when there is
 * none.
 */
export function parameterDefinition(type: string, code: string): ParameterDefinition | undefined {
  const { parameters } = typeDefinition(type);
  return Object.hasOwn(parameters, code) ? parameters[code] : undefined;
}
