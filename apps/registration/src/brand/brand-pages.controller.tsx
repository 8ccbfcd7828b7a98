import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { brandOf, CONFIG } from '@payer/service';
import { isLanguage, memberMessagePolicy, Texts } from '@payer/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import type { Config } from '../config.js';
import { sendPortalPage } from '../http/portal-page.js';
import { PageSession } from '../sessions/page-session.js';
import { BrandPage } from './brand-page.js';
import { renderBrandPreview } from './brand-preview.js';

/** Shows the platform team how the plan's name, logo and colours look on pages. */
@ApiExcludeController()
@Controller('platform/brand')
export class BrandPagesController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly session: PageSession,
  ) {}

  @Get()
  async show(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.requirePlatformTeam(request);
    const page = <BrandPage planName={this.config.PLAN_NAME} actor={actor} brand={brandOf(this.config)} />;
    return sendPortalPage(reply, page);
  }

  @Get('preview')
  async preview(
    @Query('lang') language: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    await this.session.requirePlatformTeam(request);
    const texts = new Texts(isLanguage(language) ? language : 'en', 'UTC');
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', memberMessagePolicy())
      .header('cache-control', 'no-store')
      .send(renderBrandPreview(texts, this.config.PLAN_NAME));
  }
}
