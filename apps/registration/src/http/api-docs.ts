import type { ApiBodyOptions, ApiQueryOptions } from '@nestjs/swagger';
import { z } from 'zod';

type Swagger = typeof import('@nestjs/swagger');
type Decorator = (target: object, key?: string | symbol, descriptor?: PropertyDescriptor) => unknown;

/**
 * The decorations of controllers that no document has yet. `@nestjs/swagger` brings 529 modules, a seventh of
 * this service's, so it is loaded when somebody asks for the document, and not at the start.
 */
const waiting: ((swagger: Swagger) => void)[] = [];

function decorateLater(...decorators: ((swagger: Swagger) => unknown)[]): ClassDecorator & MethodDecorator {
  return (target: object, key?: string | symbol, descriptor?: PropertyDescriptor) => {
    for (const decorator of decorators)
      waiting.push((swagger) => (decorator(swagger) as Decorator)(target, key, descriptor));
  };
}

/** Loads `@nestjs/swagger` and gives the controllers their decorations. */
export async function loadSwagger(): Promise<Swagger> {
  const swagger = await import('@nestjs/swagger');
  for (const decorate of waiting.splice(0)) decorate(swagger);
  return swagger;
}

// The decorators of `@nestjs/swagger` by their names there.
export const ApiTags = (...tags: string[]) => decorateLater((swagger) => swagger.ApiTags(...tags));
export const ApiQuery = (options: ApiQueryOptions) => decorateLater((swagger) => swagger.ApiQuery(options));
export const ApiBody = (options: ApiBodyOptions) => decorateLater((swagger) => swagger.ApiBody(options));
export const ApiConsumes = (...types: string[]) => decorateLater((swagger) => swagger.ApiConsumes(...types));
export const ApiProduces = (...types: string[]) => decorateLater((swagger) => swagger.ApiProduces(...types));
export const ApiExcludeController = () => decorateLater((swagger) => swagger.ApiExcludeController());
export const ApiExcludeEndpoint = () => decorateLater((swagger) => swagger.ApiExcludeEndpoint());

/** A zod schema as JSON Schema, for the OpenAPI 3.1 document. */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output' = 'output'): Record<string, unknown> {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}

/** RFC 9457 problem details, the form of every error of the API. */
const problemSchema = z.object({
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
});

const meaningOf: Record<number, string> = {
  400: 'The request is wrong; errors names each member at fault',
  401: 'Not signed in, or wrong credentials',
  403: 'Not for this kind of account',
  404: 'There is no such thing, or it is not yours',
  409: 'Not possible in the present state; detail says what to do',
  413: 'The file is too large',
  415: 'The file is not of an accepted type',
  429: 'Too many attempts; see Retry-After',
};

/** Documents one call of the API: its purpose, the body's schema, the answer, and the errors. */
export function ApiCall(call: {
  summary: string;
  body?: z.ZodType;
  status?: number;
  answer?: z.ZodType;
  errors?: readonly number[];
  /** Whether it works without a token. */
  open?: boolean;
}): MethodDecorator {
  const { summary, body, status = 200, answer, errors = [], open = false } = call;
  return decorateLater(
    ({ ApiOperation }) => ApiOperation({ summary }),
    ...(open ? [] : [({ ApiBearerAuth }: Swagger) => ApiBearerAuth()]),
    ...(body ? [(swagger: Swagger) => swagger.ApiBody({ schema: jsonSchema(body, 'input') })] : []),
    ({ ApiResponse }) =>
      ApiResponse({ status, description: 'Done', ...(answer ? { schema: jsonSchema(answer) } : {}) }),
    ...[...errors, ...(open ? [] : [401])].map(
      (error) =>
        ({ ApiResponse }: Swagger) =>
          ApiResponse({
            status: error,
            description: meaningOf[error] ?? '',
            content: { 'application/problem+json': { schema: jsonSchema(problemSchema) } },
          }),
    ),
  );
}
