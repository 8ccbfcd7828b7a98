import { Injectable } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { operationGroups, type OperationGroup } from './operations.js';

/** The portal's JSON API, as the documentation shows it. Empty until `serveOpenApi` has run. */
@Injectable()
export class ApiReference {
  groups: readonly OperationGroup[] = [];
}

/**
 * The documents of this process by public URL. A document depends on nothing else, and each takes a quarter
 * of the service's start. Tests start the service many times in a process.
 */
const documents = new Map<string, OpenAPIObject>();

function documentOf(app: NestFastifyApplication, publicUrl: string): OpenAPIObject {
  const made = documents.get(publicUrl);
  if (made) return made;
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Developer portal')
    .setDescription(
      'Developers register apps (OAuth clients), subscribe them to a plan and ask for production. The ' +
        'platform team decides. Client metadata uses the names of RFC 7591; the portal ignores members that ' +
        'it does not know. Errors are RFC 9457 problem details.',
    )
    .setVersion('1')
    .addServer(publicUrl)
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'From POST /api/sessions' })
    .build();
  const document = SwaggerModule.createDocument(app, config);
  documents.set(publicUrl, document);
  return document;
}

/** Serves OpenAPI 3.1 at `/api/openapi.json`. The documentation shows the same document at `/docs/api`. */
export function serveOpenApi(app: NestFastifyApplication, publicUrl: string): void {
  const document = documentOf(app, publicUrl);
  app.get(ApiReference).groups = operationGroups(document);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.get('/api/openapi.json', () => document);
  // Earlier versions of the portal had the reference at this address.
  fastify.get('/api/docs', (_request, reply) => reply.redirect('/docs/api', 301));
}
