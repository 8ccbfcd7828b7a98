import { Injectable } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { loadSwagger } from '../http/api-docs.js';
import { operationGroups, type OperationGroup } from './operations.js';

/** The portal's JSON API, as the documentation shows it. Empty until `serveOpenApi` has run. */
@Injectable()
export class ApiReference {
  private document: (() => Promise<OpenAPIObject>) | undefined;
  private made: readonly OperationGroup[] | undefined;

  describe(document: () => Promise<OpenAPIObject>): void {
    this.document = document;
  }

  async groups(): Promise<readonly OperationGroup[]> {
    if (!this.document) return [];
    return (this.made ??= operationGroups(await this.document()));
  }
}

/**
 * The documents of this process by public URL. A document depends on nothing else. Tests start the service
 * many times in a process.
 */
const documents = new Map<string, OpenAPIObject>();

/** The document is made when somebody asks for it: that takes 0.4 s, which the start need not. */
async function documentOf(app: NestFastifyApplication, publicUrl: string): Promise<OpenAPIObject> {
  const made = documents.get(publicUrl);
  if (made) return made;
  const { DocumentBuilder, SwaggerModule } = await loadSwagger();
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
  const document = () => documentOf(app, publicUrl);
  app.get(ApiReference).describe(document);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.get('/api/openapi.json', document);
  // Earlier versions of the portal had the reference at this address.
  fastify.get('/api/docs', (_request, reply) => reply.redirect('/docs/api', 301));
}
