import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { CONFIG, parseQuery } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import type { Config } from '../config.js';
import { hasDuty } from '../sessions/duties.js';
import { PageSession } from '../sessions/page-session.js';
import { sendPortalPage } from '../http/portal-page.js';
import { SearchPage } from './search-page.js';
import { searchQuery, SearchService } from './search.service.js';

/** The search of the platform team, as a page. */
@ApiExcludeController()
@Controller('platform/search')
export class SearchPageController {
  constructor(
    private readonly search: SearchService,
    private readonly session: PageSession,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get()
  async show(@Query() query: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.requirePlatformTeam(request);
    const { q } = parseQuery(searchQuery, query);
    const results = await this.search.find(q, hasDuty(actor, 'see-grants'));
    return sendPortalPage(
      reply,
      <SearchPage planName={this.config.PLAN_NAME} actor={actor} text={q} results={results} />,
    );
  }
}
