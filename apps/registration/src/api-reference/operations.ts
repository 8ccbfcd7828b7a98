import type { OpenAPIObject } from '@nestjs/swagger';
import { exampleOf, fieldsOf, rulesInWords, typeInWords, type Field, type Schema } from './schema-fields.js';

type PathItem = OpenAPIObject['paths'][string];
type ApiOperation = NonNullable<PathItem['get']>;

/** A call of the portal's JSON API, ready to be shown. */
export interface Operation {
  /** Its place in the page: `post-api-apps`. */
  id: string;
  method: string;
  path: string;
  summary: string;
  needsToken: boolean;
  parameters: (Field & { place: string })[];
  /** Undefined for a call without a body. */
  body: { types: string[]; fields: Field[]; example?: Record<string, unknown> } | undefined;
  answers: { status: string; meaning: string; fields: Field[] }[];
}

/** The calls about one subject: one page of the reference. */
export interface OperationGroup {
  slug: string;
  title: string;
  operations: Operation[];
}

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** The calls by subject, in the order of the document. Calls without a summary are not part of the API. */
export function operationGroups({ paths }: OpenAPIObject): OperationGroup[] {
  const groups = new Map<string, OperationGroup>();
  for (const [path, item] of Object.entries(paths))
    for (const method of methods) {
      const operation = item[method];
      const [tag] = operation?.tags ?? [];
      if (!operation?.summary || !tag) continue;
      const slug = tag.replace(/\W+/g, '-');
      const title = tag.slice(0, 1).toUpperCase() + tag.slice(1);
      const group = groups.get(slug) ?? { slug, title, operations: [] };
      group.operations.push(operationOf(method, path, operation));
      groups.set(slug, group);
    }
  return [...groups.values()];
}

function operationOf(method: string, path: string, operation: ApiOperation): Operation {
  return {
    id: `${method}${path}`.replace(/\W+/g, '-').replace(/-$/, ''),
    method: method.toUpperCase(),
    path,
    summary: operation.summary ?? '',
    needsToken: (operation.security ?? []).length > 0,
    parameters: parametersOf(operation),
    body: bodyOf(operation),
    answers: Object.entries(operation.responses).map(([status, response]) => ({
      status,
      meaning: response && 'description' in response ? (response.description ?? '') : '',
      fields: status.startsWith('2') ? fieldsOf(schemaOf(contentOf(response))) : [],
    })),
  };
}

const parametersOf = ({ parameters = [] }: ApiOperation): Operation['parameters'] =>
  parameters.flatMap((parameter) => {
    if (!('name' in parameter)) return [];
    const schema = (parameter.schema ?? {}) as Schema;
    const { name, in: place, required = false, description } = parameter;
    const rules = [description, rulesInWords(schema)].filter(Boolean).join('; ');
    return [{ name, place, isRequired: required, type: typeInWords(schema), rules }];
  });

function bodyOf({ requestBody }: ApiOperation): Operation['body'] {
  const content = contentOf(requestBody);
  const types = Object.keys(content);
  if (types.length === 0) return undefined;
  const schema = schemaOf(content);
  const isJson = types.includes('application/json');
  return { types, fields: fieldsOf(schema), example: isJson ? exampleOf(schema) : undefined };
}

type Content = Record<string, { schema?: unknown }>;

const contentOf = (part: object | undefined): Content =>
  part && 'content' in part ? (part.content as Content) : {};

const schemaOf = (content: Content) => (Object.values(content)[0]?.schema ?? {}) as Schema;
