import { Body, Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import { parseBody, parseQuery } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiExcludeController } from '../http/api-docs.js';
import { appPatchBody } from '../client-metadata/app-metadata.js';
import { AppsService } from '../apps/apps.service.js';
import { sendPortalPage } from '../http/portal-page.js';
import { AppPages } from './app-pages.js';
import { RemoveRedirectUriPage } from './redirect-uris-page.js';

const removal = z.object({ uri: z.string().max(2000) });

/** The redirect URIs of an app, one at a time. */
@ApiExcludeController()
@Controller('apps/:client_id/redirect-uris')
export class RedirectUrisPagesController {
  constructor(
    private readonly pages: AppPages,
    private readonly apps: AppsService,
  ) {}

  @Get()
  list(@Param('client_id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.pages.show(request, reply, id, 'redirect-uris');
  }

  @Post()
  add(
    @Param('client_id') id: string,
    @Body() body: { redirect_uris?: string } | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const uri = (body?.redirect_uris ?? '').trim();
    return this.pages.act(request, reply, id, {
      tab: 'redirect-uris',
      done: 'uri-added',
      work: async (actor) => {
        const { redirect_uris } = await this.apps.view(actor, id, 'develop');
        // Checks the new URI by itself first, so that the error names it and not a position in the list.
        parseBody(appPatchBody, { redirect_uris: [uri] });
        const patch = parseBody(appPatchBody, { redirect_uris: [...redirect_uris, uri] });
        return this.apps.edit(actor, id, patch);
      },
      typed: { redirectUri: uri },
    });
  }

  @Get('remove')
  async askToRemove(
    @Param('client_id') id: string,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const { uri } = parseQuery(removal, query);
    const loaded = await this.pages.load(request, id, 'develop');
    return sendPortalPage(reply, <RemoveRedirectUriPage {...loaded} uri={uri} />);
  }

  @Post('remove')
  remove(
    @Param('client_id') id: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const { uri } = parseBody(removal, body);
    return this.pages.act(request, reply, id, {
      tab: 'redirect-uris',
      done: 'uri-removed',
      work: async (actor) => {
        const { redirect_uris } = await this.apps.view(actor, id);
        return this.apps.edit(actor, id, { redirect_uris: redirect_uris.filter((one) => one !== uri) });
      },
    });
  }
}
