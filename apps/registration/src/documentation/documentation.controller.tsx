import { Controller, Get, NotFoundException, Param, Query, Req, Res } from '@nestjs/common';
import { parseQuery } from '@payer/service';
import { isResourceType } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiExcludeController } from '../http/api-docs.js';
import { ConformanceRuns } from '../conformance/conformance-runs.js';
import { PageSession } from '../sessions/page-session.js';
import { sendPortalPage } from '../http/portal-page.js';
import { Documentation } from './documentation.js';
import { ContentsPage, DocumentPage, SearchPage } from './documentation-page.js';
import { FhirUnavailable } from './documents/fhir.js';

const searchQuery = z.object({ q: z.string().max(200).default('') });

/** The documentation, open to everyone. */
@ApiExcludeController()
@Controller('docs')
export class DocumentationController {
  constructor(
    private readonly documentation: Documentation,
    private readonly conformance: ConformanceRuns,
    private readonly session: PageSession,
  ) {}

  @Get()
  async contents(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return sendPortalPage(reply, <ContentsPage {...await this.shell(request)} />);
  }

  @Get('search')
  async search(@Query() query: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const { q } = parseQuery(searchQuery, query);
    const results = await this.documentation.findPages(q);
    return sendPortalPage(reply, <SearchPage {...await this.shell(request)} query={q} results={results} />);
  }

  @Get(':slug')
  page(@Param('slug') slug: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.show(slug, request, reply);
  }

  @Get('errors/:code')
  error(@Param('code') code: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.show(`errors/${code}`, request, reply);
  }

  @Get('api/:subject')
  subject(@Param('subject') subject: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.show(`api/${subject}`, request, reply);
  }

  @Get('conformance/:standard')
  standard(@Param('standard') standard: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.show(`conformance/${standard}`, request, reply);
  }

  @Get('fhir/:type')
  async fhirType(@Param('type') type: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const { fhir, addresses } = await this.documentation.context();
    if (fhir || !isResourceType(type)) return this.show(`fhir/${type}`, request, reply);
    const document = { slug: `fhir/${type}`, title: type, summary: '', body: () => <></> };
    const page = (
      <DocumentPage {...await this.shell(request)} document={document}>
        <FhirUnavailable addresses={addresses} />
      </DocumentPage>
    );
    return sendPortalPage(reply, page, 503);
  }

  private async show(slug: string, request: FastifyRequest, reply: FastifyReply) {
    const context = await this.documentation.context();
    const document = this.documentation.find(slug, context);
    if (!document) throw new NotFoundException();
    const conformance = /^conformance(\/|$)/.test(slug)
      ? { latest: await this.conformance.latest(), runningSince: await this.conformance.runningSince() }
      : undefined;
    const page = (
      <DocumentPage {...await this.shell(request)} document={document}>
        {document.body({ ...context, conformance })}
      </DocumentPage>
    );
    return sendPortalPage(reply, page);
  }

  /**
   * Also serves visitors, because the documentation needs no account. A signed-in account stays signed in.
   */
  private async shell(request: FastifyRequest) {
    const { planName } = await this.documentation.context();
    return { planName, actor: await this.session.actor(request) };
  }
}
