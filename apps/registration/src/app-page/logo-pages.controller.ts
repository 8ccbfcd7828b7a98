import { Body, Controller, Get, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import { fileOfForm } from '../logos/logo-body.js';
import { LogosService } from '../logos/logos.service.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import { AppPages } from './app-pages.js';
import { tabAddress } from './tabs.js';

/** The forms of the logo on the settings page. */
@ApiExcludeController()
@Controller('apps/:client_id/logo')
export class LogoPagesController {
  constructor(
    private readonly pages: AppPages,
    private readonly logos: LogosService,
    private readonly limits: CreationLimits,
  ) {}

  /** A reload after a refused form. */
  @Get(['', 'remove'])
  back(@Param('client_id') id: string, @Res() reply: FastifyReply) {
    return reply.redirect(tabAddress(encodeURIComponent(id), 'settings'), 303);
  }

  @Post()
  upload(
    @Param('client_id') id: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.pages.act(request, reply, id, {
      tab: 'settings',
      done: 'logo-uploaded',
      work: (actor) => {
        this.limits.takeLogo(actor, reply);
        return this.logos.upload(actor, id, () => fileOfForm(request, body));
      },
      labels: { logo: 'The logo' },
    });
  }

  @Post('remove')
  remove(@Param('client_id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.pages.act(request, reply, id, {
      tab: 'settings',
      done: 'logo-removed',
      work: (actor) => this.logos.remove(actor, id),
    });
  }
}
