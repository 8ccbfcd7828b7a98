import type { OpenAPIObject } from '@nestjs/swagger';

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
/** A JSON schema (2020-12), as OpenAPI 3.1 uses it. */
export type Schema = Omit<Exclude<Schemas[string], { $ref: string }>, 'type'> & {
  type?: string | string[];
  const?: unknown;
};

/** A member of a JSON object, as one row of a table. */
export interface Field {
  /** The path to the member: `keys[].kid`. */
  name: string;
  type: string;
  isRequired: boolean;
  /** The meaning, the limits and the default value, in words. */
  rules: string;
}

/** Members below this depth are left to the OpenAPI document. */
const maxDepth = 4;

/** The members of a JSON value, depth first. Empty for a value that has no members. */
export function fieldsOf(schema: Schema, path = '', depth = 0): Field[] {
  if (depth > maxDepth) return [];
  const branches = alternatives(schema);
  if (branches.length > 0) return distinct(branches.flatMap((branch) => fieldsOf(branch, path, depth)));
  if (schema.items) return fieldsOf(schema.items as Schema, `${path}[]`, depth);
  return Object.entries(schema.properties ?? {}).flatMap(([member, value]) => {
    const name = path === '' ? member : `${path}.${member}`;
    const field = value as Schema;
    return [
      {
        name,
        type: typeInWords(field),
        isRequired: (schema.required ?? []).includes(member),
        rules: rulesInWords(field),
      },
      ...fieldsOf(field, name, depth + 1),
    ];
  });
}

/** The type of a value: `text (uri)`, `list of text`, `active or suspended`, `number or null`. */
export function typeInWords(schema: Schema): string {
  if (schema.const !== undefined) return String(schema.const);
  if (schema.enum) return listInWords(schema.enum.map(String));
  const branches = alternatives(schema);
  if (branches.length > 0) return listInWords(distinctValues(branches.map(typeInWords)));
  if (Array.isArray(schema.type))
    return listInWords(schema.type.map((type) => typeInWords({ ...schema, type })));
  if (schema.type === 'array') return `list of ${typeInWords((schema.items ?? {}) as Schema)}`;
  const word = schema.type === undefined ? 'text' : (words[schema.type] ?? schema.type);
  return schema.format && schema.format !== 'binary' ? `${word} (${schema.format})` : word;
}

const words: Record<string, string> = { string: 'text', boolean: 'true or false', integer: 'whole number' };

/** The limits of a value beyond its type. */
export function rulesInWords(schema: Schema): string {
  const parts = [
    schema.description,
    ...[schema, ...alternatives(schema)].flatMap((one) => [
      one.maxLength !== undefined && `at most ${one.maxLength} characters`,
      one.minLength !== undefined && one.minLength > 1 && `at least ${one.minLength} characters`,
      one.maxItems !== undefined && `at most ${one.maxItems}`,
      isLimit(one.minimum) && `at least ${one.minimum}`,
      isLimit(one.maximum) && `at most ${one.maximum}`,
    ]),
    hasDefault(schema.default) && `default: ${String(schema.default)}`,
  ];
  return distinctValues(parts.filter((part) => typeof part === 'string')).join('; ');
}

/** The least body that a call takes: its required members, each with its type in capitals. */
export function exampleOf(schema: Schema): Record<string, unknown> {
  const [first = schema] = alternatives(schema);
  const members = (first.required ?? []).map((name): [string, unknown] => {
    const field = (first.properties?.[name] ?? {}) as Schema;
    if (field.enum) return [name, field.enum[0]];
    if (field.type === 'array') return [name, [name.toUpperCase()]];
    if (field.type === 'object') return [name, exampleOf(field)];
    return [name, field.type === 'boolean' ? true : name.toUpperCase()];
  });
  return Object.fromEntries(members);
}

const alternatives = (schema: Schema) => (schema.anyOf ?? schema.oneOf ?? schema.allOf ?? []) as Schema[];

/** Schemas write the range of exact numbers as limits, which say nothing to a reader. */
const isLimit = (value: number | undefined) =>
  value !== undefined && Number.isSafeInteger(value + Math.sign(value));

const hasDefault = (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value) && value !== '';

const distinctValues = (values: readonly string[]) => [...new Set(values)];

const distinct = (fields: readonly Field[]) => [
  ...new Map(fields.map((field) => [field.name, field])).values(),
];

const listInWords = (values: readonly string[]) =>
  values.length < 2 ? (values[0] ?? '') : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
