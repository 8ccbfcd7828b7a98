import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';

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
  return applyDecorators(
    ApiOperation({ summary }),
    ...(open ? [] : [ApiBearerAuth()]),
    ...(body ? [ApiBody({ schema: jsonSchema(body, 'input') })] : []),
    ApiResponse({ status, description: 'Done', ...(answer ? { schema: jsonSchema(answer) } : {}) }),
    ...[...errors, ...(open ? [] : [401])].map((error) =>
      ApiResponse({
        status: error,
        description: meaningOf[error] ?? '',
        content: { 'application/problem+json': { schema: jsonSchema(problemSchema) } },
      }),
    ),
  );
}
