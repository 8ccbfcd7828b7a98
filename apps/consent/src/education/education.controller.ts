import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { CONFIG } from '@payer/service';
import { environmentPath, type Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.js';
import { textsFor } from '../http/languages.js';
import { sendPage } from '../http/pages.js';
import { educationPath, renderEducationPage } from './education-page.js';

/** A public page, which needs no sign-in. */
@Controller(environmentPath)
export class EducationController {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  @Get(educationPath)
  show(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const html = renderEducationPage({
      texts: textsFor(request, this.config),
      planName: this.config.PLAN_NAME,
      environment,
      managementUrl: this.config.addresses[environment].managementUrl,
    });
    return sendPage(reply, html);
  }
}
