import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  Req,
  Res,
  UseGuards,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { noFilters, parseBody, parseQuery } from '@payer/service';
import { z } from 'zod';
import { CurrentActor, type Actor } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import { appPatchBody, newAppBody } from '../client-metadata/app-metadata.js';
import { appViewSchema } from './app-view.js';
import { AppsService } from './apps.service.js';

/**
 * Answer of `POST /api/apps`: the app with its secret, which is shown only here (RFC 7591 §3.2.1 names). An
 * app with `private_key_jwt` gets no secret.
 */
const newAppView = appViewSchema.extend({
  client_secret: z.string().optional(),
  client_secret_expires_at: z.literal(0).optional(),
});

/** The organization of a new app. Without it, the app belongs to the developer's own organization. */
const newAppOrganization = z.object({
  organization_id: z.uuid('must be the id of one of your organizations').optional(),
});

@ApiTags('apps')
@Controller('api/apps')
@UseGuards(BearerGuard)
export class AppsController {
  constructor(
    private readonly apps: AppsService,
    private readonly limits: CreationLimits,
  ) {}

  @Post()
  @Header('cache-control', 'no-store')
  @ApiCall({
    summary: 'Create an app; the secret is in this answer only',
    body: newAppBody.extend(newAppOrganization.shape),
    status: 201,
    answer: newAppView,
    errors: [400, 403, 404, 429],
  })
  async create(
    @CurrentActor() actor: Actor,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const metadata = parseBody(newAppBody, body);
    this.limits.takeApp(actor, request, reply);
    const { organization_id: organizationId } = parseBody(newAppOrganization, body);
    const { app, client_secret } = await this.apps.create(actor, metadata, { organizationId });
    reply.header('location', `/api/apps/${app.client_id}`);
    const view = await this.apps.view(actor, app.client_id);
    return client_secret === undefined ? view : { ...view, client_secret, client_secret_expires_at: 0 };
  }

  @Get()
  @ApiCall({
    summary: 'The apps of your organizations (the platform team: all apps), newest first, at most 500',
    answer: z.array(appViewSchema),
    errors: [400],
  })
  list(@CurrentActor() actor: Actor, @Query() query: unknown) {
    parseQuery(noFilters, query);
    return this.apps.list(actor);
  }

  @Get(':client_id')
  @ApiCall({ summary: 'One app, without its secret', answer: appViewSchema, errors: [404] })
  show(@CurrentActor() actor: Actor, @Param('client_id') clientId: string) {
    return this.apps.view(actor, clientId);
  }

  @Patch(':client_id')
  @ApiCall({
    summary: 'Change metadata; what is absent stays',
    body: appPatchBody,
    answer: appViewSchema,
    errors: [400, 404],
  })
  edit(@CurrentActor() actor: Actor, @Param('client_id') clientId: string, @Body() body: unknown) {
    return this.apps.edit(actor, clientId, parseBody(appPatchBody, body));
  }

  @Delete(':client_id')
  @HttpCode(204)
  @ApiCall({ summary: 'End the app; its credentials and tokens stop working', status: 204, errors: [404] })
  async delete(@CurrentActor() actor: Actor, @Param('client_id') clientId: string): Promise<void> {
    await this.apps.delete(actor, clientId);
  }
}
